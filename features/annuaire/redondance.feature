# language: fr
Fonctionnalité: Redondance de l'annuaire
  Les deux contrôleurs disent la même chose, et chacun suffit : un contrôleur perdu au milieu
  de l'arrivée du matin ne renvoie personne, et rien de ce qui est changé entre-temps n'est perdu.
  Au rythme du matin (800 ouvertures de session en 5 minutes), pendant une minute seulement.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Les deux contrôleurs disent la même chose

    @EXG-F-01 @lecture
    Scénario: Les deux contrôleurs ont le même contenu
      Quand les contrôleurs sont comparés
      Alors les comptes et les groupes sont identiques sur les deux contrôleurs
      Et la dernière réplication de chaque partition, dans chaque sens, est réussie

    @EXG-F-01 @perturbateur
    Scénario: Un changement fait sur un contrôleur arrive sur l'autre en au plus 15 secondes
      Quand un compte est changé sur chaque contrôleur
      Alors chaque changement est arrivé sur l'autre contrôleur en au plus 15 secondes

  Règle: La perte d'un contrôleur ne renvoie personne

    @EXG-F-01 @perturbateur
    Scénario: La perte de dc1 pendant l'arrivée du matin ne renvoie personne
      Étant donné que 160 employés ouvrent leur session dans tous les bâtiments, 160 par minute
      Quand "dc1" subit une coupure de courant
      Alors une session s'ouvre de nouveau en au plus 10 secondes
      Et jamais plus de 10 secondes ne passent sans qu'une session s'ouvre
      Et aucune ouverture de session n'a échoué
      Et 160 ouvertures de session ont été tentées, la plus longue en au plus 30 secondes

    @EXG-F-01 @perturbateur
    Scénario: Rien de ce qui est changé pendant la perte de dc1 n'est perdu
      Étant donné que "dc1" a subi une coupure de courant
      Et que 3 comptes ont été changés sur "dc2"
      Quand le contrôleur perdu revient en service
      Alors les 3 changements y sont en au plus 60 secondes
      Et les contrôleurs se répliquent de nouveau dans les deux sens
