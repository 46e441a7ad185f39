# language: fr
Fonctionnalité: Liaison chiffrée avec le siège
  Un tunnel IPsec relie le site au siège. Il n'admet que des algorithmes et des preuves d'identité solides,
  ne laisse passer que les services convenus, et rien de ce qu'il porte ne sort jamais en clair.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que le tunnel vers le siège est établi

  Règle: Seules des négociations solides aboutissent

    @EXG-F-02 @lecture
    Scénario: Le tunnel établi emploie IKEv2 et des algorithmes recommandés
      Quand l'état du tunnel est relevé aux deux extrémités
      Alors il a été négocié en IKEv2 avec un chiffrement authentifié et un groupe d'au moins 256 bits
      Et il ne porte que les réseaux convenus

    @EXG-F-02 @lecture
    Plan du scénario: La passerelle du site refuse <offre>
      Quand un inconnu propose à la passerelle du site <offre>
      Alors cette offre est écartée
      Et l'offre conforme du même inconnu est acceptée

      Exemples: offres faibles
        | offre                              |
        | la version 1 d'IKE                 |
        | un échange de clés du groupe 2     |
        | un chiffrement 3DES                |
        | une authentification par SHA-1     |

    @EXG-F-02 @perturbateur
    Plan du scénario: Depuis l'adresse de la passerelle du siège, <preuve> n'ouvre pas le tunnel
      Quand le tunnel est demandé au nom du siège avec <preuve>
      Alors la passerelle du site refuse cette identité
      Et le tunnel du siège se rétablit

      Exemples: preuves d'identité
        | preuve                                  |
        | un certificat expiré                    |
        | un certificat révoqué                   |
        | un certificat d'une autre autorité      |
        | un certificat en règle d'un autre hôte  |
        | un secret partagé                       |

    @EXG-F-02 @perturbateur
    Scénario: Un certificat en règle ouvre le tunnel
      Quand le tunnel est demandé au nom du siège avec un certificat en règle
      Alors la passerelle du site ouvre le tunnel
      Et le tunnel du siège se rétablit

    @EXG-F-02 @perturbateur
    Scénario: Révoquer le certificat du siège coupe le tunnel en cours
      Quand le certificat de la passerelle du siège est révoqué
      Alors le tunnel en cours est coupé en au plus 10 secondes
      Et le tunnel du siège ne se rétablit pas tant que le certificat est révoqué

    @EXG-F-02 @perturbateur
    Scénario: Renouveler les clés ne perd rien
      Étant donné que le flux du siège à l'annuaire est sondé en continu
      Quand les clés du tunnel sont renouvelées 5 fois, puis celles de la négociation
      Alors les clés ont changé à chaque fois
      Et le flux sondé est coupé au plus 0.2 seconde

    @EXG-F-02 @perturbateur
    Scénario: Des paquets chiffrés rejoués n'entrent pas une seconde fois
      Quand les paquets chiffrés de 50 messages du siège sont rejoués depuis l'opérateur
      Alors les messages sont entrés une fois
      Et aucun paquet rejoué n'est entré

  Règle: Seuls les services convenus passent

    @EXG-F-02 @lecture
    Scénario: Le siège et le site n'échangent que les services convenus
      Quand les flux entre le siège et le site sont éprouvés dans les deux sens
      Alors chaque flux autorisé aboutit à la machine prévue
      Et chaque flux IPv4 absent de la matrice est refusé et journalisé

    @EXG-F-02 @lecture
    Scénario: Le siège n'atteint aucun autre réseau du site
      Quand le siège envoie des messages marqués à chaque autre zone du site
      Alors seul le message envoyé à un réseau convenu entre sur le site
      Et aucune adresse intérieure ni aucune marque n'apparaît chez les opérateurs

  Règle: Rien ne sort en clair

    @EXG-F-02 @lecture
    Scénario: Celui qui écoute chez les opérateurs ne voit ni adresse ni contenu
      Quand le siège et le site échangent 200 messages marqués
      Alors aucune adresse intérieure ni aucune marque n'apparaît chez les opérateurs
      Et la même recherche les retrouve à l'intérieur

    @EXG-F-02 @perturbateur
    Plan du scénario: <panne>, rien ne sort en clair
      Quand le siège et le site échangent 200 messages marqués pendant <panne>
      Alors aucune adresse intérieure ni aucune marque n'apparaît chez les opérateurs
      Et les messages ne sont pas tous arrivés

      Exemples: tunnel coupé
        | panne                                      |
        | l'arrêt du tunnel au siège                 |
        | l'arrêt du tunnel au site                  |
        | le redémarrage de la passerelle du siège   |

  Règle: Le tunnel survit aux pannes

    @EXG-F-02 @perturbateur
    Plan du scénario: <panne>, 5 fois : le siège est coupé au plus <limite> secondes
      Étant donné que le flux du siège à l'annuaire est sondé en continu
      Quand se produit 5 fois <panne>
      Alors chaque coupure vue du siège dure au plus <limite> secondes

      Exemples: pannes
        | panne                                       | limite |
        | la perte du pare-feu actif de niveau 1      | 3      |
        | la perte de l'opérateur principal           | 3      |
        | le redémarrage de la passerelle du siège    | 10     |
        | la perte simultanée des deux extrémités     | 15     |

  Règle: Le tunnel porte le trafic d'un siège

    @EXG-F-02 @charge
    Scénario: Le tunnel porte au moins 50 Mbit/s dans chaque sens
      Quand le débit et le délai sont mesurés par le tunnel, puis sur le même chemin sans lui
      Alors le tunnel porte au moins 50 Mbit/s dans chaque sens
      Et il allonge un échange d'au plus 10 millisecondes

    @EXG-F-02 @perturbateur
    Scénario: Le pare-feu actif de niveau 1 perdu à pleine charge, le siège est coupé au plus 3 secondes
      Étant donné que le flux du siège à l'annuaire est sondé en continu
      Quand le tunnel, chargé à plein débit, subit la perte du pare-feu actif de niveau 1
      Alors chaque coupure vue du siège dure au plus 3 secondes
