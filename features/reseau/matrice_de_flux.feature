# language: fr
Fonctionnalité: Matrice de flux
  Le site n'échange que ce qui est écrit dans sa matrice de flux.
  Chaque refus est prouvé aux deux bouts : celui qui frappe n'obtient aucune réponse,
  et le pare-feu qui a refusé l'a journalisé, avec son niveau.

  Contexte:
    Étant donné que le réseau du site est en service

  Règle: Seuls les flux de la matrice passent

    @EXG-NF-03 @charge
    Scénario: Tout flux autorisé aboutit à la machine prévue
      Quand la matrice de flux est éprouvée
      Alors chaque flux autorisé aboutit à la machine prévue
      Et chaque flux écrit dans la matrice a été éprouvé

    @EXG-NF-03 @charge
    Scénario: Tout flux absent de la matrice est refusé et journalisé
      Quand la matrice de flux est éprouvée
      Alors chaque flux IPv4 absent de la matrice est refusé et journalisé
      Et chaque machine visée a répondu à un flux témoin
      Et au moins 20000 flux ont été éprouvés

    @EXG-NF-03 @charge
    Scénario: Aucun flux IPv6 ne traverse les pare-feux
      Quand la matrice de flux est éprouvée
      Alors chaque flux IPv6 est refusé et journalisé

    @EXG-NF-03 @perturbateur
    Scénario: Les pare-feux de secours appliquent la même matrice
      Étant donné que les pare-feux de secours sont devenus actifs
      Quand la matrice de flux est éprouvée de nouveau
      Alors chaque flux autorisé aboutit à la machine prévue
      Et chaque flux IPv4 absent de la matrice est refusé et journalisé
      Et chaque flux IPv6 est refusé et journalisé

  Règle: Les zones de production n'échangent que par leurs conduits déclarés

    @EXG-NF-03 @charge
    Scénario: Une zone de production n'est atteinte que par ses conduits
      Quand la matrice de flux est éprouvée
      Alors aucune zone de production n'est atteinte hors de ses conduits
      Et aucune zone de production n'atteint une autre zone hors de ses conduits

    @EXG-NF-03 @charge
    Scénario: Aucune zone de production ne communique avec Internet
      Quand la matrice de flux est éprouvée
      Alors aucun flux entre une zone de production et Internet n'aboutit
