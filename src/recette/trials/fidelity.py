"""What the twin proves, and what only the real site can prove."""

from __future__ import annotations

from recette.evidence.annexes import Fidelity

LEDGER = (
    Fidelity(
        "Filtrage et matrice de flux",
        "Règles nftables réelles, générées de la matrice, éprouvées dans les deux sens, en IPv4 et en IPv6.",
        "Les cartes réseau, les VLAN des commutateurs et le câblage réels.",
    ),
    Fidelity(
        "Bascule des pare-feux",
        "keepalived et conntrackd réels ; coupure, panique, lien perdu, service tué.",
        "Les durées sur le matériel du site ; la détection d'un lien à demi mort par les commutateurs.",
    ),
    Fidelity(
        "Coupure de courant",
        "Toutes les tâches meurent au même instant et les liens tombent.",
        "La perte des écritures encore en mémoire : le noyau du jumeau survit à la coupure.",
    ),
    Fidelity(
        "Courrier accepté, puis coupure de courant",
        "Chaque message accepté se lit une fois : quand un serveur, le relais ou un pare-feu tombe.",
        "L'écriture effective sur le disque (fsync) : la mémoire du jumeau survit à la coupure, celle du serveur non.",
    ),
    Fidelity(
        "Filtrage du courrier",
        "SPF, DKIM et DMARC réels sur des domaines d'essai ; pourriel et virus de test (GTUBE, EICAR).",
        "Les listes de réputation, la liste grise et les signatures antivirus à jour, prises au véritable Internet.",
    ),
    Fidelity(
        "Origine du courrier sortant",
        "Signature et alignement jugés par un système étranger complet, avec les zones DNS que le site doit publier.",
        "La publication chez le bureau d'enregistrement et l'accueil des grands opérateurs de messagerie.",
    ),
    Fidelity(
        "Usurpation à l'intérieur d'une zone",
        "Ce qu'un voisin obtient (ARP, VRRP avec sa propre adresse matérielle) et le délai de réparation.",
        "La sécurité des ports des commutateurs, seule défense contre l'usurpation d'adresse matérielle.",
    ),
    Fidelity(
        "Opérateurs",
        "Deux accès distincts, la perte franche de l'un, la remise en route.",
        "Les délais et les filtrages propres aux opérateurs retenus.",
    ),
    Fidelity(
        "Annuaire et ouverture de session",
        "Samba AD, sssd et PAM réels : comptes, droits, révocation, protocoles, journal, réplication, reprise.",
        "Les postes Windows du site, leurs stratégies de groupe, et les contrôles de l'ANSSI propres à Windows Server.",
    ),
    Fidelity(
        "Tunnels chiffrés",
        "strongSwan réel des deux côtés : négociations, identités, révocations, rejeu, captures, pannes.",
        "Le chiffrement par le noyau et son débit, là où celui du jumeau en est incapable (relevé dans le scénario).",
    ),
    Fidelity(
        "Accès des nomades",
        "Certificat, mot de passe de l'annuaire et code à usage unique réels ; FreeRADIUS et Samba AD réels.",
        "Les portables des salariés, la remise de leurs codes, et les réseaux d'hôtel qui filtrent IPsec.",
    ),
    Fidelity(
        "Supervision et astreinte",
        "Zabbix et PostgreSQL réels, deux fois ; vraies pannes, messages lus dans la boîte et à la passerelle SMS.",
        "La passerelle de l'opérateur retenu, le téléphone qui sonne ; l'onduleur et les sondes (simulés par NUT).",
    ),
    Fidelity(
        "SIEM",
        "Transmission, corrélation, alertes et scellement réels ; vraies attaques, courriel lu par l'astreinte.",
        "Wazuh et ses règles (seul le contrat de son interface est vérifié) ; une horloge d'hôte réellement déplacée.",
    ),
    Fidelity(
        "Grappe de virtualisation",
        "corosync, Pacemaker, Ceph et QEMU réels : quorum, isolement, redémarrage ailleurs, écritures retrouvées.",
        "Proxmox VE lui-même, dont seule l'interface est parlée ici ; ses délais ; la mémoire perdue d'un disque.",
    ),
    Fidelity(
        "Heure",
        "chrony et NTP réels : chaque machine comparée à chacune de ses sources, une source fausse est vue.",
        "L'écart propre à chaque horloge : celles du jumeau sont une seule, celle de la machine, que nul ne règle.",
    ),
    Fidelity(
        "Sauvegarde",
        "Copies, restaurations, attaques et rétention réelles (restic) ; clés scellées ouvertes par celle du coffre.",
        "La copie hors du site (elle attend le tunnel du nuage, EXG-F-08) ; le débit des disques ; le coffre réel.",
    ),
)
