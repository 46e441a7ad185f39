# language: fr
Fonctionnalité: Aucun relais ouvert
  Le site ne transmet que le courrier des siens, ou à destination des siens.
  Les essais reprennent les 22 formes d'adresse classiques : 7 par l'expéditeur, 15 par le destinataire.

  Contexte:
    Étant donné que la messagerie du site est en service

  Règle: Personne ne fait relayer le courrier d'autrui

    @EXG-F-05 @lecture
    Plan du scénario: Depuis "<source>", <serveur> : aucun relais
      Quand "<source>" demande <serveur> de relayer les formes d'adresse classiques
      Alors aucune des 22 formes n'est acceptée
      Et un envoi permis y est accepté

      Exemples: sources
        | source     | serveur                         |
        | attaquant  | au relais, vu d'Internet        |
        | mandataire | au relais, vu de la DMZ         |
        | dc1        | au serveur de messagerie        |
        | poste-b30  | au service de dépôt, sans login |

  Règle: Les serveurs ne renseignent pas l'inconnu

    @EXG-F-05 @lecture
    Plan du scénario: Depuis "<source>", <serveur> : rien n'est dit de qui a une boîte
      Quand "<source>" demande <serveur> si une adresse et une liste existent
      Alors VRFY et EXPN sont refusés de la même façon pour une adresse connue et une inconnue

      Exemples: sources
        | source     | serveur                         |
        | attaquant  | au relais, vu d'Internet        |
        | dc1        | au serveur de messagerie        |
        | poste-b30  | au service de dépôt, sans login |

    @EXG-F-05 @lecture
    Scénario: Un destinataire inconnu est refusé pendant le dialogue
      Quand "attaquant" écrit à un destinataire inconnu du site, puis à un salarié
      Alors l'inconnu est refusé par une réponse 550
      Et le salarié est accepté
