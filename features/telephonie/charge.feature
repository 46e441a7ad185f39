# language: fr
Fonctionnalité: Charge de la téléphonie
  La téléphonie tient l'heure la plus chargée de l'année, voix comprise, avec de la marge.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la téléphonie du site est en service

  Règle: L'heure la plus chargée laisse de la marge

    @EXG-F-04 @charge
    Scénario: Cinq appels extérieurs par seconde pendant une minute
      Étant donné que le standard se croit le lundi à 10 heures
      Quand l'extérieur appelle le standard 5 fois par seconde pendant 60 secondes
      Alors au plus 0.1 % des appels échouent
      Et l'écoute (MOS) de 99 appels sur 100 vaut au moins 4.0
      Et c'est au moins 2 fois l'heure la plus chargée des employés
