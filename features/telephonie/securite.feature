# language: fr
Fonctionnalité: Sécurité de la téléphonie
  Seul un employé connu téléphone, dans la limite de ses droits ; qui cherche à frauder est refusé, freiné et signalé.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la téléphonie du site est en service

  Règle: Chacun téléphone dans la limite de ses droits

    @EXG-F-04 @lecture
    Plan du scénario: <appelant> n'appelle pas <destination>
      Quand <appelant> appelle <destination>
      Alors l'appel est refusé
      Et le refus est journalisé avec l'appelant et le motif

      Exemples: appels sans droit
        | appelant                    | destination                 |
        | un employé sans droit       | un numéro à l'étranger      |
        | un employé sans droit       | un numéro surtaxé           |
        | un employé autorisé         | un numéro surtaxé           |

    @EXG-F-04 @lecture
    Scénario: Nul ne renvoie ses appels vers l'étranger
      Quand un employé renvoie ses appels vers un numéro à l'étranger
      Alors l'appel est refusé
      Et le refus est journalisé avec l'appelant et le motif

    @EXG-F-04 @lecture
    Scénario: Un employé autorisé appelle l'étranger
      Quand un employé autorisé appelle un numéro à l'étranger
      Alors l'appel aboutit

  Règle: Sans compte valide, pas de téléphone

    @EXG-F-04 @perturbateur
    Scénario: Le téléphone d'un compte désactivé s'arrête en au plus 30 secondes
      Étant donné qu'un employé parle à un collègue
      Quand le compte de l'employé est désactivé pendant l'appel
      Alors son appel est coupé en au plus 30 secondes
      Et son téléphone n'est plus admis

    @EXG-F-04 @lecture
    Scénario: Un mauvais mot de passe n'inscrit personne
      Quand un téléphone se présente avec un mauvais mot de passe
      Alors l'autocommutateur le refuse

    @EXG-F-04 @lecture
    Plan du scénario: Sans identification, un appel vers <destination> est refusé
      Quand un inconnu de la zone voix appelle <destination> sans s'identifier
      Alors l'autocommutateur ne passe pas l'appel

      Exemples: appels anonymes
        | destination               |
        | un employé                |
        | un numéro fixe            |
        | un numéro à l'étranger    |

    @EXG-F-04 @lecture
    Scénario: Un téléphone qui propose la voix en clair est refusé
      Quand un employé propose un appel sans chiffrer la voix
      Alors l'autocommutateur ne passe pas l'appel

    @EXG-F-04 @lecture
    Scénario: Personne n'apprend quels numéros existent
      Quand un inconnu de la zone voix interroge l'autocommutateur sur des numéros attribués ou non
      Alors les réponses sont les mêmes pour les uns et pour les autres

  Règle: Qui attaque la téléphonie est arrêté

    @EXG-F-04 @perturbateur
    Scénario: Une recherche de mot de passe est arrêtée et signalée
      Quand 40 mots de passe d'un employé sont essayés depuis un téléphone, 20 par seconde
      Alors moins de 30 essais ont eu une réponse
      Et même le bon mot de passe n'a plus de réponse depuis ce téléphone
      Et l'arrêt est journalisé avec l'adresse du téléphone
      Et les autres téléphones appellent encore

    @EXG-F-04 @perturbateur
    Scénario: Des messages mal formés n'arrêtent pas l'autocommutateur
      Quand chaque message SIP mal formé est envoyé à l'autocommutateur
      Alors l'autocommutateur n'a pas redémarré
      Et les autres téléphones appellent encore

    @EXG-F-04 @perturbateur
    Scénario: Une voix étrangère n'entre pas dans un appel
      Quand un tiers envoie sa voix dans un appel en se faisant passer pour chaque extrémité
      Alors personne n'a entendu le tiers
      Et chacun entend l'autre sans silence de plus de 200 millisecondes

  Règle: La zone voix est isolée

    @EXG-F-04 @charge
    Scénario: Ni téléphone ni autocommutateur ne s'atteint hors des flux déclarés
      Quand la matrice de flux est éprouvée
      Alors la zone "voix" n'est atteinte par aucun flux non déclaré
