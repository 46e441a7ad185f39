# language: fr
Fonctionnalité: Une panne devient un message
  Chaque panne provoquée ici est vraie, sauf celles de l'onduleur et de la salle propre, que NUT simule. L'astreinte
  est prévenue par courriel, dans la messagerie du site, et par SMS : les deux messages sont lus là où une personne
  les lirait. Le délai court de l'instant qui précède la panne à celui où le message est en main.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la messagerie du site est en service
    Et que la supervision du site est en service
    Et que l'astreinte est à l'écoute

  Règle: Un message en au plus 60 secondes, puis l'avis de rétablissement

    @EXG-F-06 @perturbateur
    Scénario: Un service s'arrête : l'astreinte est prévenue, puis rassurée
      Quand survient un service arrêté sur "dc2"
      Alors l'astreinte apprend en au plus 60 secondes : "freeradius.service" en panne sur "dc2" (Haut)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

    @EXG-F-06 @perturbateur
    Plan du scénario: À la fois <panne> (<hôte>) et <autre panne> (<autre hôte>) : l'astreinte apprend tout, puis la fin
      Quand surviennent à la fois <panne> sur "<hôte>" et <autre panne> sur "<autre hôte>"
      Alors l'astreinte apprend en au plus 60 secondes : "<service>" en panne sur "<hôte>" (<gravité>)
      Et l'astreinte apprend en au plus 60 secondes : "<autre service>" en panne sur "<autre hôte>" (<autre gravité>)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

      Exemples: des services, des hôtes, des liens, un certificat
        | panne                                  | hôte  | service         | gravité  | autre panne                    | autre hôte | autre service            | autre gravité |
        | un service tué, que le système relance | mail2 | dovecot.service | Haut     | un service publié arrêté       | mandataire | nginx.service            | Haut          |
        | un hôte éteint                         | bkp1  | réseau          | Désastre | un hôte éteint                 | poste-b25  | réseau                   | Désastre      |
        | un hôte éteint                         | pve2  | réseau          | Désastre | un lien coupé                  | ligne-b70  | réseau                   | Désastre      |
        | un lien coupé                          | dc1   | réseau          | Désastre | un certificat proche de sa fin | mandataire | certificat recette-essai | Haut          |

    @EXG-F-06 @perturbateur
    Scénario: Le secteur manque et la salle propre chauffe : l'astreinte apprend l'un et l'autre, puis leur fin
      Quand survient une coupure du secteur qui arrête la climatisation sur "gtb"
      Alors l'astreinte apprend en au plus 60 secondes : "onduleur" en panne sur "gtb" (Haut)
      Et l'astreinte apprend en au plus 60 secondes : "salle propre" en panne sur "gtb" (Haut)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

    @EXG-F-06 @perturbateur
    Scénario: Un disque se remplit : l'astreinte est prévenue, puis rassurée
      Étant donné un disque d'essai sur "mx-1", que la supervision connaît
      Quand survient un disque plein sur "mx-1"
      Alors l'astreinte apprend en au plus 60 secondes : "disque /srv/recette-volume" en panne sur "mx-1" (Haut)
      Et la console montre "Disque /srv/recette-volume plein" sur "mx-1"
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

    @EXG-F-06 @perturbateur
    Scénario: Le tunnel du siège tombe : l'astreinte est prévenue, puis rassurée
      Quand le siège ferme son tunnel
      Alors l'astreinte apprend en au plus 60 secondes : "tunnel du siège" en panne sur "le pare-feu actif" (Haut)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

    @EXG-F-06 @perturbateur
    Scénario: La base de secours de la supervision prend du retard : l'astreinte est prévenue, puis rassurée
      Quand la base de secours de la supervision n'applique plus ce qu'elle reçoit
      Alors l'astreinte apprend en au plus 60 secondes : "réplication de la base" en panne sur "le serveur qui suit" (Haut)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

    # Tant que la copie est bloquée, un courriel peut n'être que dans l'autre serveur : c'est le SMS qui prévient.
    @EXG-F-06 @perturbateur
    Scénario: La copie des boîtes prend du retard : l'astreinte est prévenue par SMS, puis rassurée
      Quand survient une copie des boîtes bloquée sur "mail1"
      Alors l'astreinte apprend par SMS en au plus 60 secondes : "copie des boîtes" en panne sur "mail1" (Haut)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

    @EXG-F-06 @destructif
    Scénario: Une adresse partagée n'a plus de porteur : l'astreinte est prévenue, puis rassurée
      Quand survient une adresse partagée sans porteur sur "adresse-pbx"
      Alors l'astreinte apprend en au plus 60 secondes : "adresse partagée" en panne sur "adresse-pbx" (Désastre)
      Et une fois la panne réparée, elle l'apprend en au plus 60 secondes

  Règle: Ni trop, ni trop peu

    @EXG-F-06 @perturbateur
    Plan du scénario: Pare-feu actif de niveau <niveau> perdu : un seul message par voie, qui le nomme
      Quand le pare-feu actif de niveau <niveau> perd son alimentation
      Alors en 60 secondes, l'astreinte reçoit par chaque voie un seul message de panne, qui nomme ce pare-feu

      Exemples: niveaux
        | niveau |
        | 1      |
        | 2      |

    @EXG-F-06 @perturbateur
    Scénario: Une maintenance rend muets les hôtes qu'elle nomme, et eux seuls
      Étant donné qu'une maintenance de "bkp1" est déclarée
      Quand "bkp1" s'éteint pendant la maintenance, et un service de "dc2" s'arrête
      Alors l'astreinte apprend en au plus 60 secondes : "freeradius.service" en panne sur "dc2" (Haut)
      Et rien ne lui est dit de "bkp1"

    @EXG-F-06 @lecture @de_fond
    Scénario: Cinq minutes de calme ne produisent aucun message
      Quand rien ne tombe en panne pendant 300 secondes
      Alors l'astreinte n'a reçu aucun message de la supervision
