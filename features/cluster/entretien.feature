# language: fr
Fonctionnalité: L'entretien des nœuds n'arrête pas les machines

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la grappe de virtualisation est entière et saine
    Et que chaque machine est écrite en continu
    Et que chaque machine est appelée en continu

  @EXG-NF-01 @perturbateur
  Scénario: Une migration prévue n'interrompt la machine qu'une seconde au plus
    Quand "invite-a" migre vers un nœud libre
    Alors elle y tourne
    Et aucune machine n'est injoignable plus de 1 seconde
    Et aucune écriture acquittée n'est perdue

  @EXG-NF-01 @perturbateur
  Scénario: Un nœud mis en maintenance se vide sans arrêt
    Quand le nœud de "invite-a" est mis en maintenance
    Alors il ne porte plus aucune machine en au plus 120 secondes
    Et aucune machine n'est injoignable plus de 2 secondes
    Et aucune écriture acquittée n'est perdue
