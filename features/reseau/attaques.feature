# language: fr
Fonctionnalité: Attaques contre le réseau
  Un attaquant forge ses paquets, depuis Internet ou depuis un bureau.
  Ce qui est refusé l'est en silence, et se lit dans le journal du pare-feu.

  Contexte:
    Étant donné que le réseau du site est en service

  Règle: Les paquets forgés n'entrent pas

    @EXG-NF-03 @lecture
    Plan du scénario: <attaque> : rien n'arrive
      Quand "<source>" lance <attaque>
      Alors aucun paquet de l'attaque n'arrive à sa cible
      Et le pare-feu a journalisé l'attaque

      Exemples: depuis Internet
        | source    | attaque                                       |
        | attaquant | une usurpation d'adresse interne              |
        | fai-a     | une usurpation d'adresse interne              |
        | attaquant | un envoi depuis des adresses réservées        |
        | attaquant | un paquet dont la source est la destination   |
        | attaquant | un balayage Xmas                              |
        | attaquant | un balayage sans drapeau                      |
        | attaquant | un balayage FIN                               |
        | attaquant | un balayage SYN et FIN                        |

      Exemples: depuis un bureau
        | source    | attaque                                       |
        | poste-b30 | une usurpation d'adresse d'une autre zone     |
        | poste-b30 | un balayage Xmas                              |
        | poste-b30 | un balayage ACK                               |

    @EXG-NF-03 @lecture
    Plan du scénario: <attaque>, depuis "<source>" : le noyau l'écarte
      Quand "<source>" lance <attaque>
      Alors aucun paquet de l'attaque n'arrive à sa cible

      Exemples: paquets que le noyau écarte avant tout filtrage
        | source    | attaque                                 |
        | attaquant | un envoi de fragments                   |
        | fai-a     | un envoi à routage imposé par la source |
        | poste-b30 | un envoi à routage imposé par la source |

  Règle: Le site reste muet

    @EXG-NF-03 @lecture
    Scénario: Vu d'Internet, un flux refusé ne reçoit aucune réponse
      Quand "attaquant" balaie les adresses publiques du site
      Alors seuls les services publiés ont répondu

  Règle: Les équipements ne se laissent pas tromper

    @EXG-NF-03 @lecture
    Plan du scénario: De fausses annonces VRRP depuis "<source>" ne prennent pas l'adresse virtuelle
      Quand "<source>" émet de fausses annonces VRRP dans la zone "<zone>"
      Alors l'adresse virtuelle de la zone n'a pas changé de porteur
      Et le pare-feu a journalisé l'attaque

      Exemples: zones
        | source      | zone      |
        | poste-b30   | b30-admin |
        | telephone-2 | voix      |
        | mandataire  | dmz       |

    @EXG-NF-03 @lecture
    Scénario: Une redirection ICMP ne détourne pas un poste
      Quand "telephone-2" envoie à "telephone-1" des redirections ICMP
      Alors la route de "telephone-1" n'a pas changé

    @EXG-NF-03 @lecture
    Scénario: Une annonce de routeur IPv6 ne détourne personne
      Quand "telephone-2" diffuse dans sa zone des annonces de routeur IPv6
      Alors aucune machine de la zone ne s'y est fiée

    @EXG-NF-03 @perturbateur
    Scénario: Une usurpation ARP de la passerelle se répare d'elle-même
      Quand "telephone-2" usurpe auprès de "telephone-1" la passerelle de leur zone
      Alors "telephone-1" retrouve la vraie passerelle en au plus 10 secondes

  Règle: Une inondation ne prive pas les usagers

    @EXG-NF-03 @charge
    Scénario: Une inondation SYN bornée laisse passer l'usager légitime
      Étant donné que le flux d'Internet au mandataire est sondé en continu
      Quand "attaquant" lance une inondation SYN bornée sur le service publié
      Alors au moins 99 % des sondes ont reçu une réponse
      Et la coupure la plus longue est d'au plus 1 seconde
