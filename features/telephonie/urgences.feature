# language: fr
Fonctionnalité: Appels d'urgence
  Le 15, le 17, le 18 et le 112 aboutissent de chaque téléphone, avant tout autre appel et quoi qu'il arrive au site.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la téléphonie du site est en service

  Règle: Un appel d'urgence aboutit et dit d'où il vient

    @EXG-F-04 @lecture
    Plan du scénario: Le <numéro> aboutit, avec ou sans le préfixe
      Quand un employé de chaque téléphone appelle le <numéro>, puis le 0<numéro>
      Alors chaque appel d'urgence aboutit en au plus 3 secondes
      Et chacun entend le centre de secours et s'en fait entendre
      Et le centre voit le numéro et le nom du bâtiment de chaque employé

      Exemples: numéros
        | numéro |
        | 15     |
        | 17     |
        | 18     |
        | 112    |

  Règle: Rien n'arrête un appel d'urgence

    @EXG-F-04 @perturbateur
    Plan du scénario: <panne>, le 112 aboutit en au plus <limite> secondes
      Étant donné <panne>
      Quand un employé appelle le 112 jusqu'à ce qu'il aboutisse
      Alors l'appel d'urgence aboutit en au plus <limite> secondes

      Exemples: pannes
        | panne                                      | limite |
        | un autocommutateur sans courant            | 10     |
        | un opérateur Internet coupé                | 15     |

    @EXG-F-04 @charge
    Scénario: Toutes les lignes ordinaires occupées, le 15 aboutit
      Étant donné que toutes les lignes ordinaires vers l'extérieur sont occupées
      Quand un employé appelle un numéro fixe
      Alors l'appel ordinaire est refusé faute de ligne
      Et le 15 aboutit en au plus 3 secondes
