# language: fr
Fonctionnalité: Protocoles de l'annuaire
  Un mot de passe ne circule jamais en clair, un anonyme n'apprend rien,
  et les protocoles anciens sont refusés. Chaque refus a un témoin : la même demande, bien faite, aboutit.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Rien ne circule en clair, rien n'est donné aux anonymes

    @EXG-F-01 @lecture
    Plan du scénario: <demande> est refusée par chaque contrôleur
      Quand <demande> est faite à chaque contrôleur depuis "poste-b30"
      Alors chaque contrôleur la refuse
      Et chaque contrôleur accepte la même demande, authentifiée et chiffrée

      Exemples: demandes
        | demande                                |
        | une identification sans chiffrement    |
        | une recherche anonyme sans chiffrement |
        | une recherche anonyme chiffrée         |

  Règle: Les protocoles anciens sont refusés

    @EXG-F-01 @lecture
    Plan du scénario: Une ouverture de session par <protocole> est refusée par chaque contrôleur
      Quand une session est demandée par <protocole> à chaque contrôleur depuis "poste-b30"
      Alors chaque contrôleur refuse la session
      Et chaque contrôleur accepte la même session par un protocole sûr

      Exemples: protocoles
        | protocole |
        | SMB 1     |
        | NTLM 1    |
        | LM        |

    @EXG-F-01 @lecture
    Scénario: TLS 1.3 est préféré, TLS 1.2 accepté, et rien d'antérieur
      Quand chaque version de TLS est proposée à chaque contrôleur depuis "poste-b30"
      Alors TLS 1.3 est retenu quand le choix est libre
      Et TLS 1.2 est accepté
      Et TLS 1.1 et TLS 1.0 sont refusés par chaque contrôleur
      Et chaque suite retenue est authentifiée et à confidentialité persistante

    @EXG-F-01 @lecture
    Scénario: Le certificat de chaque contrôleur est valide, et pour au plus 825 jours
      Quand chaque version de TLS est proposée à chaque contrôleur depuis "poste-b30"
      Alors le certificat de chaque contrôleur est reconnu et dure au plus 825 jours
