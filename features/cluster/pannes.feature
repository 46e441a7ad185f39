# language: fr
Fonctionnalité: Un nœud meurt : ses machines redémarrent ailleurs avec leurs données
  Ce que voient ceux qui écrivent sur les machines pendant la panne. Proxmox VE annonce environ deux minutes.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la grappe de virtualisation est entière et saine
    Et que chaque machine est écrite en continu

  @EXG-NF-01 @perturbateur
  Scénario: Un nœud perd son courant : sa machine répond ailleurs, sans rien perdre, et le nœud revenu ressert
    Quand le nœud de "invite-a" perd son courant
    Alors "invite-a" tourne sur un autre nœud en au plus 120 secondes
    Et aucune machine ne reste plus de 120 secondes sans acquitter d'écriture
    Et une fois ce nœud revenu, "invite-a" y migre et y tourne
    Et aucune écriture acquittée n'est perdue
    Et jamais deux exemplaires d'une machine n'ont écrit tour à tour

  @EXG-NF-01 @perturbateur
  Scénario: Un nœud se fige : sa machine répond ailleurs, sans rien perdre
    Quand le nœud de "invite-a" se fige
    Alors "invite-a" tourne sur un autre nœud en au plus 120 secondes
    Et aucune machine ne reste plus de 120 secondes sans acquitter d'écriture
    Et aucune écriture acquittée n'est perdue
    Et jamais deux exemplaires d'une machine n'ont écrit tour à tour

  @EXG-NF-01 @perturbateur
  Scénario: Un nœud isolé du réseau est éteint avant que sa machine ne redémarre ailleurs
    Quand le nœud de "invite-a" est isolé du réseau
    Alors "invite-a" tourne sur un autre nœud en au plus 120 secondes
    Et ce nœud avait été éteint auparavant
    Et aucune écriture acquittée n'est perdue
    Et jamais deux exemplaires d'une machine n'ont écrit tour à tour

  @EXG-NF-01 @perturbateur
  Scénario: Le disque d'un nœud est détruit : les machines continuent, un disque neuf reçoit toutes les copies
    Quand le disque de "pve2" est détruit
    Alors le stockage réparti signale un disque de moins en au plus 60 secondes
    Et aucune machine ne reste plus de 60 secondes sans acquitter d'écriture
    Et un disque neuf, posé par l'automatisation, a toutes les copies en au plus 240 secondes
    Et aucune écriture acquittée n'est perdue

  @EXG-NF-01 @destructif
  Scénario: Deux nœuds perdus : le dernier n'écrit plus rien, et tout revient avec eux
    Quand deux nœuds perdent leur courant
    Alors plus aucune écriture n'est acquittée pendant 20 secondes
    Et le nœud restant ne porte plus aucune machine en au plus 120 secondes
    Et une fois les deux nœuds revenus, la grappe est entière et saine en au plus 240 secondes
    Et aucune écriture acquittée n'est perdue
    Et jamais deux exemplaires d'une machine n'ont écrit tour à tour
