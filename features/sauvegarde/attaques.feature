# language: fr
Fonctionnalité: Personne ne prive le site de ses copies
  Ni root sur un hôte pris, ni un rançongiciel, ni une horloge fausse, ni un disque plein n'effacent une copie ; ce qui
  en altère une se voit, et la perte des clés se répare au coffre.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la sauvegarde du site est en service

  Règle: Un hôte ajoute des copies, et rien d'autre

    @EXG-NF-02 @perturbateur
    Plan du scénario: Root sur un hôte pris ne peut pas <tentative>
      Quand root sur "dc2" tente, avec tout ce que l'hôte sait, de <tentative>
      Alors le serveur des sauvegardes refuse
      Et aucune copie ne manque

      Exemples: contre ses propres copies
        | tentative                          |
        | effacer une copie                  |
        | réécrire une copie                 |
        | effacer des données                |
        | réécrire des données               |
        | effacer l'index                    |
        | effacer la clé du dépôt            |
        | réécrire la configuration du dépôt |
        | effacer le dépôt entier            |

      Exemples: contre celles des autres
        | tentative                            |
        | lire les copies d'un autre hôte      |
        | écrire dans le dépôt d'un autre hôte |

    @EXG-NF-02 @perturbateur
    Scénario: Des fichiers chiffrés par un rançongiciel reviennent de la copie d'avant
      Quand les fichiers de "mail2" sont chiffrés et copiés ainsi, puis restaurés de la copie d'avant
      Alors chaque fichier est ce qu'il était avant d'être chiffré

  Règle: Une altération se voit

    @EXG-NF-02 @perturbateur
    Scénario: Un octet altéré dans une copie se voit, et la copie d'avant se restaure encore
      Quand un octet de la dernière copie de "pbx2" est altéré sur le serveur
      Alors la relecture entière la signale
      Et la copie d'avant se restaure
      Et la relecture n'a rien à redire avant ni après

  Règle: Rien n'est oublié à tort

    @EXG-NF-02 @perturbateur
    Scénario: La rétention garde 7 jours, 4 semaines et 12 mois
      Étant donné un dépôt d'essai qui a une copie par jour sur 40 jours, puis une par mois
      Quand la rétention y passe
      Alors il reste une copie pour au moins 7 jours, 4 semaines et 12 mois
      Et elle a retiré des copies

    @EXG-NF-02 @perturbateur
    Plan du scénario: Une horloge <fausse> sur le serveur ne fait rien oublier
      Étant donné un dépôt d'essai qui a une copie par jour sur 40 jours, puis une par mois
      Quand la rétention y passe avec une horloge <fausse>
      Alors elle refuse et dit pourquoi
      Et aucune copie d'essai ne manque

      Exemples: horloges
        | fausse            |
        | avancée d'un an   |
        | reculée de 2 mois |

  Règle: Un disque plein ne coûte aucune copie

    @EXG-NF-02 @perturbateur
    Scénario: La réserve du disque atteinte, les copies neuves sont refusées et les anciennes restent saines
      Quand la réserve du disque des sauvegardes est atteinte et que "mx-1" copie
      Alors sa copie est refusée
      Et le serveur signale son disque
      Et les copies d'avant sont intactes

  Règle: La perte des clés se répare

    @EXG-NF-02 @lecture
    Scénario: Les clés scellées s'ouvrent avec ce que tient le coffre, et rouvrent les copies
      Quand les clés scellées sont ouvertes avec ce que tient le coffre
      Alors elles ont la clé de chaque hôte du site
      Et celle de "dc1" ouvre son dépôt
      Mais elles ne s'ouvrent pas autrement
