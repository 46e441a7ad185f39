# language: fr
Fonctionnalité: Deux niveaux de pare-feux
  Chaque niveau protège seul ce qui est derrière lui :
  l'un ouvert en grand, l'autre refuse encore tout ce qui doit l'être.

  Contexte:
    Étant donné que le réseau du site est en service

  Règle: Chaque niveau refuse seul

    @EXG-NF-03 @destructif
    Plan du scénario: Le niveau <ouvert> ouvert en grand, le niveau <restant> refuse encore
      Étant donné que le niveau <ouvert> de pare-feux est ouvert en grand
      Quand les flux qui traversent les deux niveaux sont éprouvés
      Alors chaque flux interdit est refusé par le niveau <restant>
      Et le niveau <ouvert> n'a rien refusé

      Exemples: niveaux
        | ouvert | restant |
        | 1      | 2       |
        | 2      | 1       |

  Règle: Un pare-feu ne s'administre que depuis la zone d'administration

    @EXG-NF-03 @charge
    Scénario: Un pare-feu ne répond à l'administration que depuis le bastion
      Quand la matrice de flux est éprouvée
      Alors seule la zone "admin" ouvre une session d'administration sur les pare-feux

  Règle: Aucune machine ne contourne les pare-feux

    @EXG-NF-03 @lecture
    Scénario: Aucune machine à plusieurs interfaces ne relaie de paquets
      Quand la configuration réseau des machines est relevée
      Alors seuls les pare-feux et les routeurs relaient des paquets
      Et aucune machine n'a d'adresse ni de route non déclarée

    @EXG-NF-03 @lecture
    Scénario: Un hyperviseur ne relaie rien vers la zone de stockage
      Quand "pve2" envoie à "pve1" un paquet destiné à la zone "stockage"
      Alors le paquet n'arrive pas dans la zone "stockage"
