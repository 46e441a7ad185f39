# language: fr
Fonctionnalité: Ouverture de session
  Chacun a un compte et un mot de passe, qui valent sur le poste de tous les bâtiments.
  Une session s'ouvre par le poste lui-même (PAM), qui en réfère à l'annuaire par Kerberos.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Un employé ouvre sa session où qu'il soit

    @EXG-F-01 @lecture
    Plan du scénario: Un employé de "<bâtiment>" ouvre sa session sur "<poste>"
      Quand un employé de "<bâtiment>" ouvre sa session sur "<poste>"
      Alors la session s'ouvre en au plus 10 secondes
      Et l'employé a reçu un ticket Kerberos
      Et son dossier personnel est là, à lui seul
      Et ses groupes sont ceux de son bâtiment et de son métier

      Exemples: dans son bâtiment
        | bâtiment        | poste      |
        | pc-securite     | poste-secu |
        | b25-labo        | poste-b25  |
        | b30-admin       | poste-b30  |
        | b40-maintenance | poste-b40  |
        | b90-mgh         | poste-b90  |

      Exemples: loin de son bâtiment
        | bâtiment        | poste      |
        | b25-labo        | poste-b90  |
        | b30-production  | poste-b30  |
        | b70-production  | poste-b40  |
        | chaufferie      | poste-secu |

  Règle: Nul n'ouvre de session à la place d'un autre

    @EXG-F-01 @lecture
    Plan du scénario: <qui> n'ouvre pas de session
      Quand <qui> tente d'ouvrir une session sur "poste-b30"
      Alors la session est refusée
      Et un collègue ouvre la sienne au même instant sur "poste-b30"

      Exemples: refus
        | qui                                              |
        | un employé qui se trompe de mot de passe         |
        | un employé parti, avec son ancien mot de passe   |
        | un inconnu de l'annuaire                         |
        | un compte de service, avec son bon mot de passe  |

  Règle: Chaque poste est prêt

    @EXG-F-01 @lecture
    Scénario: Chaque poste est membre du domaine
      Quand l'état des postes est relevé
      Alors chaque poste est membre du domaine
      Et chaque poste s'en remet à l'annuaire, dès son démarrage
