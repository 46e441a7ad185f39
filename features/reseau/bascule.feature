# language: fr
Fonctionnalité: Bascule des pare-feux
  Chaque niveau est tenu par deux pare-feux. La perte de l'un coupe les usagers au plus une seconde,
  les sessions ouvertes survivent, et jamais deux pare-feux ne portent la même adresse virtuelle.
  Annonces VRRP toutes les 0,2 s : la théorie (3 annonces et le décalage de priorité) donne environ 0,7 s.

  Contexte:
    Étant donné que le réseau du site est en service

  Règle: La perte du pare-feu actif coupe les usagers au plus une seconde

    @EXG-NF-03 @perturbateur
    Plan du scénario: Niveau <niveau>, <panne> : coupure d'au plus une seconde
      Étant donné que le flux <flux> est sondé en continu
      Quand le pare-feu actif de niveau <niveau> subit <panne>
      Alors le flux sondé est coupé au plus 1 seconde
      Et le pare-feu de secours de niveau <niveau> porte toutes les adresses virtuelles
      Et aucune adresse virtuelle n'a eu deux porteurs

      Exemples: niveau 1, vu d'un usager d'Internet
        | niveau | panne                            | flux                      |
        | 1      | une coupure de courant           | d'Internet au mandataire  |
        | 1      | une panique du noyau             | d'Internet au mandataire  |
        | 1      | l'arrêt brutal de keepalived     | d'Internet au mandataire  |
        | 1      | la perte du lien "wan-a"         | d'Internet au mandataire  |
        | 1      | la perte du lien "dmz"           | d'Internet au mandataire  |
        | 1      | la perte du lien "transit"       | de la DMZ à la messagerie |

      Exemples: niveau 2, vu d'un bureau
        | niveau | panne                            | flux                      |
        | 2      | une coupure de courant           | d'un bureau à l'annuaire  |
        | 2      | une panique du noyau             | d'un bureau à l'annuaire  |
        | 2      | l'arrêt brutal de keepalived     | d'un bureau à l'annuaire  |
        | 2      | la perte du lien "serveurs"      | d'un bureau à l'annuaire  |
        | 2      | la perte du lien "transit"       | de la DMZ à la messagerie |

  Règle: Les sessions ouvertes survivent

    @EXG-NF-03 @perturbateur
    Plan du scénario: Une session et un téléchargement survivent à la perte du pare-feu de niveau <niveau>
      Étant donné qu'une session et un téléchargement sont ouverts sur le flux <flux>
      Quand le pare-feu actif de niveau <niveau> subit une coupure de courant
      Alors la session reprend sans être rouverte en au plus 3 secondes
      Et le téléchargement s'achève sans perte ni altération

      Exemples: niveaux
        | niveau | flux                      |
        | 1      | d'Internet au mandataire  |
        | 2      | de la DMZ à la messagerie |

  Règle: Le retour du pare-feu réparé ne coupe rien

    @EXG-NF-03 @perturbateur
    Plan du scénario: Le pare-feu de niveau <niveau> réparé revient sans coupure
      Étant donné que le pare-feu actif de niveau <niveau> a été perdu
      Et que le flux <flux> est sondé en continu
      Quand le pare-feu perdu revient en service
      Alors le flux sondé est coupé au plus 0.2 seconde
      Et aucune adresse virtuelle n'a changé de porteur

      Exemples: niveaux
        | niveau | flux                     |
        | 1      | d'Internet au mandataire |
        | 2      | d'un bureau à l'annuaire |

  Règle: La redondance est prête avant la panne

    @EXG-NF-03 @lecture
    Scénario: Chaque pare-feu est prêt à prendre le relais de son jumeau
      Quand l'état de la redondance est relevé
      Alors chaque adresse virtuelle a exactement un porteur
      Et les pare-feux d'un même niveau n'ont pas la même priorité
      Et les services de redondance fonctionnent sur les deux pare-feux de chaque niveau
      Et le pare-feu de secours connaît les sessions ouvertes du pare-feu actif
