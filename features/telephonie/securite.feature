# language: fr
Fonctionnalité: Sécurité de la téléphonie
  Seul un employé connu téléphone, dans la limite de ses droits ; qui cherche à frauder est refusé, freiné et signalé.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la téléphonie du site est en service

  Règle: Chacun téléphone dans la limite de ses droits

    @EXG-F-04 @lecture
    Plan du scénario: <appelant> n'appelle pas <destination>
      Quand <appelant> appelle <destination>
      Alors l'appel est refusé
      Et le refus est journalisé avec l'appelant et le motif

      Exemples: appels sans droit
        | appelant                    | destination                 |
        | un employé sans droit       | un numéro à l'étranger      |
        | un employé sans droit       | un numéro surtaxé           |
        | un employé autorisé         | un numéro surtaxé           |

    @EXG-F-04 @lecture
    Scénario: Un employé autorisé appelle l'étranger
      Quand un employé autorisé appelle un numéro à l'étranger
      Alors l'appel aboutit

  Règle: Sans compte valide, pas de téléphone

    @EXG-F-04 @perturbateur
    Scénario: Le téléphone d'un compte désactivé s'arrête en au plus 30 secondes
      Étant donné qu'un employé parle à un collègue
      Quand le compte de l'employé est désactivé pendant l'appel
      Alors son appel est coupé en au plus 30 secondes
      Et son téléphone n'est plus admis

    @EXG-F-04 @lecture
    Scénario: Un mauvais mot de passe n'inscrit personne
      Quand un téléphone se présente avec un mauvais mot de passe
      Alors l'autocommutateur le refuse
