# language: fr
Fonctionnalité: Accès des nomades
  Un nomade entre avec trois preuves : le certificat de son portable, son mot de passe et un code à usage unique.
  Il n'atteint que les services choisis, tout son trafic passe par le tunnel, et il perd l'accès dès qu'il en perd
  le droit.

  Contexte:
    Étant donné que le réseau du site est en service

  Règle: Trois preuves sont exigées

    @EXG-F-03 @lecture
    Scénario: Un nomade se connecte avec son certificat, son mot de passe et son code
      Quand un nomade se connecte avec ses trois preuves
      Alors la connexion aboutit en au plus 10 secondes
      Et son portable reçoit une adresse des nomades et les serveurs de noms du site
      Et tout son trafic passe par le tunnel

    @EXG-F-03 @lecture
    Plan du scénario: Sans <facteur>, personne n'entre
      Quand quelqu'un demande l'accès sans <facteur>
      Alors la passerelle refuse l'accès

      Exemples: preuves
        | facteur                     |
        | le certificat de la machine |
        | le bon mot de passe         |
        | le code                     |
        | un code juste               |
        | un code encore valable      |
        | un code neuf                |
        | un compte                   |
        | le droit d'être nomade      |

    @EXG-F-03 @lecture
    Scénario: Aucune réponse ne dit quel facteur était faux
      Quand l'accès est demandé avec chaque sorte de preuve fausse
      Alors toutes les réponses sont les mêmes
      Et elles arrivent à moins de 0.5 seconde d'écart

    @EXG-F-03 @lecture
    Scénario: Une recherche de mot de passe est ralentie, et journalisée
      Quand 12 mots de passe sont essayés au nom d'un nomade
      Alors chaque refus a pris au moins 1.5 seconde
      Et même les bonnes preuves sont ensuite refusées
      Et chaque essai figure dans le journal des contrôleurs

  Règle: Perdre le droit, c'est perdre l'accès

    @EXG-F-03 @perturbateur
    Scénario: Un compte désactivé est refusé aussitôt, et sa session ouverte coupée en au plus 60 secondes
      Étant donné qu'un nomade est connecté
      Quand le compte du nomade est désactivé
      Alors la session ouverte est coupée en au plus 60 secondes
      Et le nomade ne peut plus se connecter

    @EXG-F-03 @perturbateur
    Scénario: Le certificat d'un portable perdu est révoqué : sa session est coupée et il reste dehors
      Étant donné qu'un nomade est connecté
      Quand le certificat du portable est révoqué
      Alors la session ouverte est coupée en au plus 10 secondes
      Et le nomade ne peut plus se connecter

  Règle: Seul le nécessaire est accessible

    @EXG-F-03 @lecture
    Scénario: Un nomade n'atteint que les services choisis
      Étant donné qu'un nomade est connecté
      Quand le nomade essaie chaque service de chaque zone du site
      Alors chaque service prévu pour les nomades répond
      Et tout autre essai est refusé et journalisé par le pare-feu

    @EXG-F-03 @lecture
    Scénario: Deux nomades ne communiquent pas
      Étant donné que deux nomades sont connectés
      Quand l'un essaie d'atteindre l'autre
      Alors tout essai est refusé et journalisé par le pare-feu

    @EXG-F-03 @lecture
    Scénario: Ni les noms ni IPv6 ne sortent du tunnel
      Quand un nomade connecté demande des noms, écrit en IPv6 et en IPv4 vers Internet
      Alors son portable n'a rien émis hors du tunnel
      Et sans connexion les mêmes envois sortent

    @EXG-F-03 @perturbateur
    Scénario: Le tunnel perdu, rien ne sort du portable
      Quand le tunnel d'un nomade connecté est perdu pendant qu'il écrit vers Internet
      Alors son portable n'a rien émis hors du tunnel

    @EXG-F-03 @lecture
    Scénario: Celui qui écoute chez les opérateurs ne voit rien du nomade
      Quand un nomade connecté envoie 100 messages marqués à un serveur du site
      Alors aucune adresse intérieure ni aucune marque n'apparaît chez les opérateurs
      Et la même recherche les retrouve à l'intérieur

  Règle: L'accès tient dans la réalité

    @EXG-F-03 @charge
    Scénario: 50 sessions simultanées ont 50 adresses différentes
      Quand 50 nomades se connectent ensemble
      Alors les 50 sessions sont établies
      Et aucune adresse n'est prêtée deux fois

    @EXG-F-03 @lecture
    Scénario: Un nomade resté inactif est encore connecté
      Étant donné qu'un nomade est connecté
      Quand son portable n'échange rien pendant 45 secondes
      Alors sa session est encore la même
      Et un nom du site lui est donné en au plus 2 secondes

    @EXG-F-03 @charge
    Scénario: Un nomade télécharge à au moins 20 Mbit/s
      Quand un nomade télécharge depuis la messagerie web par le tunnel, puis sans lui
      Alors le tunnel porte au moins 20 Mbit/s
      Et il retarde le premier octet d'au plus 50 millisecondes

    @EXG-F-03 @perturbateur
    Scénario: Derrière une traduction d'adresses, un nomade se connecte
      Étant donné qu'une traduction d'adresses sépare le portable d'Internet
      Quand un nomade se connecte avec ses trois preuves
      Alors la connexion aboutit en au plus 10 secondes
      Et la passerelle voit l'adresse traduite
      Et son portable reçoit une adresse des nomades et les serveurs de noms du site

    @EXG-F-03 @perturbateur
    Scénario: Le pare-feu actif de niveau 1 perdu, le nomade se reconnecte en au plus 15 secondes
      Étant donné qu'un nomade est connecté
      Quand le pare-feu actif de niveau 1 est perdu
      Alors le nomade s'est reconnecté en au plus 15 secondes
