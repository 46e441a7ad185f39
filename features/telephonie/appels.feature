# language: fr
Fonctionnalité: Appels téléphoniques
  Un employé appelle ses collègues et l'extérieur, l'extérieur l'appelle, et chacun entend l'autre.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la téléphonie du site est en service

  Règle: Chacun entend l'autre

    @EXG-F-04 @lecture
    Plan du scénario: <appel> : chacun entend l'autre
      Quand <appel> et qu'ils se parlent 6 secondes
      Alors l'appel sonne en au plus 3 secondes
      Et chacun entend l'autre sans silence de plus de 200 millisecondes
      Et l'écoute (MOS) vaut au moins 4.0 de part et d'autre
      Et l'appelé voit le numéro de l'appelant
      Et la voix est chiffrée sur le site

      Exemples: appels
        | appel                                              |
        | un employé appelle un collègue en Opus             |
        | un employé appelle un collègue en G.711            |
        | un employé appelle un numéro fixe                  |
        | un employé appelle un numéro mobile                |
        | un correspondant extérieur appelle un employé      |

    @EXG-F-04 @lecture
    Scénario: Un appel mis en attente est repris
      Quand un employé met un collègue en attente puis le reprend
      Alors le collègue n'entend plus l'employé pendant l'attente
      Et chacun entend l'autre après la reprise

    @EXG-F-04 @lecture
    Scénario: Un appel est transféré à un collègue
      Quand un employé transfère un appel de l'extérieur à un collègue
      Alors l'appel sonne en au plus 3 secondes
      Et chacun entend l'autre sans silence de plus de 200 millisecondes
      Et l'appelé voit le numéro de l'appelant

    @EXG-F-04 @lecture
    Scénario: Qui écoute le réseau n'entend rien
      Quand un employé appelle un collègue en G.711 et qu'ils se parlent 6 secondes
      Alors les paquets relevés ne font entendre personne sans les clés de l'appel
      Et chacun entend l'autre sans silence de plus de 200 millisecondes

  Règle: Un long appel reste bon

    @EXG-F-04 @lecture @de_fond
    Scénario: Un appel de dix minutes garde sa qualité
      Quand un employé et un numéro fixe se parlent 600 secondes, pendant que le site sert
      Alors la communication dure au moins 600 secondes sans être coupée
      Et chacun entend l'autre sans silence de plus de 200 millisecondes
      Et l'écoute (MOS) vaut au moins 4.0 de part et d'autre

  Règle: Un appel sans réponse n'est pas perdu

    @EXG-F-04 @lecture
    Scénario: Sans réponse, un message vocal est laissé et arrive par courriel
      Quand un correspondant extérieur laisse un message à un employé qui ne répond pas
      Alors l'employé reçoit en au plus 60 secondes un courriel qui fait entendre le correspondant

    @EXG-F-04 @lecture
    Scénario: Aux heures ouvrées, le menu du standard mène à l'accueil
      Étant donné que le standard se croit le lundi à 10 heures
      Quand un correspondant extérieur appelle le standard et tape 1
      Alors l'accueil sonne en au plus 20 secondes

    @EXG-F-04 @lecture
    Scénario: Le menu du standard mène au poste composé
      Étant donné que le standard se croit le lundi à 10 heures
      Quand un correspondant extérieur appelle le standard, tape 2 puis le poste d'un employé
      Alors l'employé sonne en au plus 20 secondes

    @EXG-F-04 @lecture
    Plan du scénario: <moment>, le standard prend un message
      Étant donné que le standard se croit <moment>
      Quand un correspondant extérieur appelle le standard et tape 1
      Alors l'accueil ne sonne pas

      Exemples: fermeture
        | moment                    |
        | le lundi à 7 h 59         |
        | le vendredi à 18 h 1      |
        | le dimanche à 10 heures   |
