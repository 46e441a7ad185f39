# language: fr
Fonctionnalité: Continuité de la téléphonie
  La perte d'un autocommutateur, d'un pare-feu ou d'un opérateur n'empêche ni d'appeler ni d'être appelé.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la téléphonie du site est en service

  Règle: L'autocommutateur de secours prend le relais

    Un téléphone renouvelle son inscription toutes les 27 secondes, attend 32 secondes une réponse qui ne vient pas
    (temporisateur F de la RFC 3261) et réessaie 30 à 60 secondes plus tard : 119 secondes au pire. Il sonne entre-temps.

    @EXG-F-04 @perturbateur
    Scénario: Autocommutateur perdu par une coupure de courant : les téléphones s'inscrivent auprès du secours
      Étant donné que deux employés ont leur téléphone en main
      Quand l'autocommutateur actif subit une coupure de courant
      Alors un nouvel appel entre eux aboutit en au plus 10 secondes
      Et chaque téléphone est de nouveau inscrit en au plus 120 secondes

    @EXG-F-04 @perturbateur
    Plan du scénario: Autocommutateur perdu par <panne> : un nouvel appel aboutit en au plus 10 secondes
      Étant donné que deux employés ont leur téléphone en main
      Quand l'autocommutateur actif subit <panne>
      Alors un nouvel appel entre eux aboutit en au plus 10 secondes

      Exemples: pannes
        | panne                          |
        | l'arrêt brutal d'Asterisk      |
        | le gel d'Asterisk              |
        | une panique du noyau           |

  Règle: Un appel en cours survit à la perte d'un pare-feu

    @EXG-F-04 @perturbateur
    Plan du scénario: Pare-feu actif de niveau <niveau> perdu : l'appel continue, après un silence d'au plus 2 secondes
      Étant donné qu'un employé parle avec l'extérieur
      Quand le pare-feu actif de niveau <niveau> est perdu pendant l'appel
      Alors chacun entend de nouveau l'autre après au plus 2 secondes de silence

      Exemples: niveaux
        | niveau |
        | 1      |
        | 2      |

    @EXG-F-04 @perturbateur
    Scénario: Le contrôleur de bordure redémarré, les appels extérieurs reprennent en au plus 30 secondes
      Quand le contrôleur de bordure redémarre
      Alors un employé joint de nouveau l'extérieur en au plus 30 secondes
      Et l'extérieur joint de nouveau un employé en au plus 30 secondes

    @EXG-F-04 @perturbateur
    Scénario: Le contrôleur de bordure oublié des pare-feux, les appels extérieurs reprennent en au plus 30 secondes
      Quand les pare-feux oublient les connexions du contrôleur de bordure
      Alors un employé joint de nouveau l'extérieur en au plus 30 secondes
      Et l'extérieur joint de nouveau un employé en au plus 30 secondes
