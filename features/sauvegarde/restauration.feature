# language: fr
Fonctionnalité: Ce qui est détruit se restaure
  Chaque restauration suit la procédure écrite (README du rôle sauvegarde_client), et se juge à ce que le service rend
  ensuite. Ce qu'une copie ne contenait pas est perdu : le RPO le permet, et un second numéro le montre.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la sauvegarde du site est en service

  Règle: Un seul fichier revient

    @EXG-NF-02 @perturbateur
    Plan du scénario: Un fichier de <hôte> détruit revient comme il a été copié
      Étant donné un fichier numéroté de "<hôte>", copié puis changé
      Quand le fichier est détruit, puis restauré seul
      Alors il porte le numéro d'avant la copie
      Et la restauration a tenu son RTO

      Exemples: hôtes qui parlent au serveur des sauvegardes
        | hôte       |
        | dc2        |
        | mail2      |
        | pbx2       |
        | sup2       |
        | siem1      |
        | mandataire |

      Exemples: hôtes que le bastion relève, car rien n'y ouvre de connexion
        | hôte      |
        | fw-int-2  |
        | ligne-b70 |
        | poste-b30 |

  Règle: Un service entier revient

    @EXG-NF-02 @destructif
    Scénario: L'annuaire détruit sur ses deux contrôleurs revient de sa copie
      Quand les deux contrôleurs perdent leur annuaire et que le premier est restauré
      Alors un compte d'avant la copie ouvre une session sur chaque contrôleur
      Et un compte créé après la copie a disparu
      Et la restauration de l'annuaire a tenu son RTO

    @EXG-NF-02 @destructif
    Scénario: Le courrier détruit sur ses deux serveurs revient de leurs copies
      Étant donné que la messagerie du site est en service
      Quand les deux serveurs perdent toutes les boîtes et sont restaurés
      Alors un courriel d'avant la copie est lu par son destinataire
      Et la restauration du courrier a tenu son RTO

    @EXG-NF-02 @perturbateur
    Scénario: La mémoire d'un autocommutateur détruite revient de sa copie
      Quand l'autocommutateur de secours perd sa mémoire et qu'elle est restaurée
      Alors il se souvient de ce qu'il savait avant la copie
      Et la restauration de sa mémoire a tenu son RTO

    @EXG-NF-02 @charge
    Scénario: La base de la supervision se relit entière depuis sa copie
      Quand la copie de la base de la supervision est chargée à côté de celle qui sert
      Alors elle a autant d'hôtes, de mesures, d'alertes et de comptes

    @EXG-NF-02 @destructif
    Scénario: L'autorité de certification détruite revient de sa copie, octet pour octet
      Quand l'autorité de certification est détruite, puis restaurée
      Alors chacun de ses fichiers est ce qu'il était
      Et la restauration de l'autorité a tenu son RTO

  Règle: Une machine entière se remplace

    @EXG-NF-02 @destructif
    Scénario: Un pare-feu détruit est remplacé par une machine neuve, qui filtre comme sa copie
      Étant donné que les règles de "fw-int-2" sont copiées
      Quand "fw-int-2" est détruit et remplacé par une machine neuve
      Alors ses règles en vigueur sont celles de sa copie
      Et son remplacement a tenu le RTO de "filtrage"

    @EXG-NF-02 @EXG-F-01 @destructif
    Scénario: Un contrôleur de domaine détruit est remplacé par une machine neuve, qui ouvre les sessions
      Étant donné un compte créé dans l'annuaire
      Quand "dc2" est détruit et remplacé par une machine neuve
      Alors il ouvre la session de ce compte
      Et les contrôleurs se répliquent de nouveau dans les deux sens
      Et son remplacement a tenu le RTO de "annuaire"

  Règle: Une restauration est rapide

    @EXG-NF-02 @charge
    Scénario: Un gros fichier se restaure à au moins 5 Mio par seconde, octet pour octet
      Quand un gros fichier de "mail2" est copié, puis restauré à côté
      Alors il est revenu octet pour octet
      Et la restauration a tenu au moins 5 Mio par seconde
