# language: fr
Fonctionnalité: Aucun message accepté ne se perd
  Un message accepté est lu une fois, et une seule, quelle que soit la machine qui tombe.
  Chaque message porte un identifiant ; les identifiants acceptés sont comparés à ceux qui se lisent ensuite, par IMAP,
  sur chacun des deux serveurs. Un message qu'aucun serveur n'a pris est déposé de nouveau ; celui dont la session est
  perdue après sa dernière ligne ne l'est pas : il peut se lire une fois ou pas du tout, jamais deux.

  Contexte:
    Étant donné que la messagerie du site est en service

  Règle: Une coupure de courant ne perd ni ne double aucun message

    Mille messages pour le serveur de messagerie, trois cents pour les autres : la durée de la recette est comptée.

    @EXG-F-05 @perturbateur
    Plan du scénario: <nombre> messages, coupure du courant <machine> : aucun perdu, aucun doublé
      Étant donné que <nombre> messages sont déposés à cadence constante par <auteurs>
      Quand le courant <machine> est coupé à un instant tiré au sort
      Alors chaque message accepté se lit exactement une fois sur chaque serveur
      Et chaque message a fini par être accepté

      Exemples: machines
        | nombre | auteurs                      | machine                             |
        | 1000   | des salariés                 | d'un serveur de messagerie           |
        | 300    | des correspondants du dehors | du relais                           |
        | 300    | des salariés                 | du pare-feu actif de niveau 2       |
        | 300    | des correspondants du dehors | du pare-feu actif de niveau 1       |

  Règle: La perte d'un serveur de messagerie n'arrête pas le courrier

    @EXG-F-05 @perturbateur
    Plan du scénario: Le serveur "<serveur>" perdu, les salariés écrivent et lisent encore
      Étant donné qu'un salarié écrit et lit sans arrêt depuis son bureau
      Quand le courant du serveur de messagerie "<serveur>" est coupé
      Alors il dépose de nouveau un courriel en au plus 10 secondes
      Et il lit de nouveau sa boîte en au plus 10 secondes
      Et tout ce qui lui avait été remis avant la coupure se lit sur l'autre serveur

      Exemples: serveurs
        | serveur |
        | mail1   |
        | mail2   |
