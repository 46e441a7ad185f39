# language: fr
Fonctionnalité: Journaux du site
  Chaque hôte envoie ses journaux, rien ne s'en perd, personne n'en envoie à sa place, et personne ne les réécrit.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que le SIEM du site est en service

  Règle: Tous les journaux arrivent

    @EXG-F-07 @lecture
    Scénario: Ce que chaque hôte journalise se retrouve au SIEM en au plus 10 secondes
      Quand chaque hôte du site journalise un événement
      Alors le SIEM a l'événement de chaque hôte en au plus 10 secondes

    @EXG-F-07 @lecture
    Scénario: Le SIEM tient chaque hôte de l'inventaire pour présent
      Quand le SIEM est interrogé sur les hôtes qui lui parlent
      Alors tous les hôtes du site en sont

    @EXG-F-07 @perturbateur
    Scénario: Une coupure de 60 secondes du collecteur ne perd aucun événement
      Quand le collecteur est coupé 60 secondes pendant que chaque hôte journalise 1000 événements
      Alors aucun des événements ne manque

  Règle: Seul le SIEM lit ce qui lui est envoyé

    @EXG-F-07 @lecture
    Scénario: Sur le réseau, les événements sont chiffrés
      Quand chaque hôte du site journalise un événement devant une écoute placée à l'entrée du SIEM
      Alors l'archive a l'événement de chaque hôte
      Et l'écoute a vu passer les journaux de chaque hôte
      Mais l'écoute n'y lit aucun des événements

  Règle: Seuls les hôtes du site sont entendus

    @EXG-F-07 @lecture
    Plan du scénario: Un événement présenté avec un certificat de <signataire> est refusé
      Quand un événement est présenté au collecteur avec un certificat de <signataire>
      Alors le collecteur refuse l'événement
      Et l'archive ne le contient pas

      Exemples: certificats
        | signataire                                           |
        | une autorité étrangère                               |
        | l'autorité du site, au nom d'un hôte inconnu         |

  Règle: Ce qui est archivé ne change plus

    @EXG-F-07 @perturbateur
    Scénario: Un octet changé dans une archive scellée se voit
      Quand un octet d'une archive scellée est changé
      Alors la vérification nomme l'archive changée
      Et elle n'a rien à redire avant ni après
