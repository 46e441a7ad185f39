# language: fr
Fonctionnalité: Alertes de sécurité
  Ce qu'un attaquant fait sur le site est vu, et l'alerte dit où, d'où, par quel compte et selon quelle technique.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que le SIEM du site est en service

  Règle: Une attaque lève une alerte juste en au plus 10 secondes

    @EXG-F-07 @perturbateur
    Plan du scénario: <attaque> : une alerte juste en au plus 10 secondes
      Quand <attaque> sous les yeux du SIEM
      Alors une alerte en parle en au plus 10 secondes
      Et l'alerte nomme la machine, la source, le compte et la technique

      Exemples: recherche de mots de passe
        | attaque                                            |
        | des clés SSH sont essayées sur un serveur          |
        | un mot de passe est essayé sur de nombreux comptes |
        | des mots de passe d'un nomade sont essayés         |
        | des mots de passe d'un téléphone sont essayés      |

      Exemples: intrusion sur un hôte
        | attaque                                            |
        | un fichier de /etc est écrit                       |
        | une unité de systemd est écrite                    |
        | un programme de /usr/local est écrit               |
        | une clé SSH de root est écrite                     |
        | une tâche planifiée est écrite                     |
        | un virus de test est déposé sur un poste           |
        | un virus de test arrive par courriel               |
        | un employé de la maintenance devient root          |
        | un employé sans droit essaie de devenir root       |
        | un service non déclaré se met à l'écoute           |
        | la transmission des journaux d'un hôte est arrêtée |
        | le journal d'un serveur est effacé                 |
        | l'horloge d'un hôte est avancée de dix minutes     |

      Exemples: annuaire
        | attaque                                            |
        | un compte est créé dans l'annuaire                 |
        | un employé devient administrateur du domaine       |

      Exemples: réseau
        | attaque                                            |
        | l'adresse publiée est balayée depuis Internet      |
        | un serveur est balayé depuis un poste              |
        | une injection SQL est envoyée au portail           |
        | une traversée de répertoires est envoyée au portail |
        | des données sortent cachées dans des noms          |
        | une ligne de production sort de son conduit        |

    @EXG-F-07 @perturbateur
    Scénario: Répétée 20 fois, l'écriture d'un fichier surveillé lève une alerte en au plus 10 secondes, 95 fois sur 100
      Quand un fichier de /etc est écrit 20 fois sous les yeux du SIEM
      Alors chaque écriture a levé une alerte
      Et 95 pour cent des alertes sont venues en au plus 10 secondes

  Règle: L'alerte parvient à l'astreinte

    @EXG-F-07 @perturbateur
    Scénario: L'astreinte reçoit l'alerte par courriel en au plus 60 secondes
      Quand un virus de test est déposé sur un poste sous les yeux du SIEM
      Alors une alerte en parle en au plus 10 secondes
      Et l'astreinte reçoit en au plus 60 secondes un courriel qui nomme la machine, le compte et la technique

  Règle: La vie ordinaire ne lève pas d'alerte

    @EXG-F-07 @perturbateur
    Scénario: Des gestes ordinaires qui ressemblent à une attaque ne lèvent aucune alerte
      Quand ces gestes sont faits et que le SIEM est observé pendant 15 secondes
        | geste                                          |
        | un employé se trompe cinq fois de mot de passe |
        | un paquet est installé                         |
        | le bastion balaye un serveur                   |
      Alors chaque geste est dans l'archive des journaux
      Et aucune alerte ne parle d'un geste
