# language: fr
Fonctionnalité: Noms et heure
  Toutes les machines ont la même heure, trouvent les noms du site auprès de chacun des deux contrôleurs,
  et les noms du site ne sortent pas du site.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Toutes les machines ont la même heure

    @EXG-F-01 @lecture
    Scénario: L'heure de chaque machine est à moins d'une seconde de chacune de ses sources
      Quand l'heure de chaque machine est comparée à ses sources
      Alors chaque écart est d'au plus 1 seconde
      Et chaque machine suit au moins une source
      Et chaque machine a été comparée

  Règle: Chaque contrôleur suffit à trouver les noms du site

    @EXG-F-01 @lecture
    Scénario: Chaque machine trouve les noms du site auprès de chaque contrôleur
      Quand chaque machine demande les noms du site à chaque contrôleur
      Alors chaque réponse est juste et vient de qui fait autorité

    @EXG-F-01 @lecture
    Scénario: Chaque machine est connue sous son nom
      Quand le nom de chaque machine du site est demandé à chaque contrôleur
      Alors chaque nom donne l'adresse de la machine

    @EXG-F-01 @lecture
    Scénario: Chaque contrôleur trouve aussi les noms extérieurs
      Quand un nom extérieur est demandé à chaque contrôleur
      Alors chaque contrôleur donne l'adresse du nom extérieur

  Règle: Les noms du site ne sortent pas du site

    @EXG-F-01 @lecture
    Scénario: Aucun nom du site n'est demandé à un serveur extérieur
      Quand les postes demandent des noms du site et des noms extérieurs
      Alors aucun nom du site n'est sorti par les accès Internet
      Et les noms extérieurs sont sortis, et un nom du site demandé exprès au dehors a été vu
