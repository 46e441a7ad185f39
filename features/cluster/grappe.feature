# language: fr
Fonctionnalité: Trois hyperviseurs ne font qu'une grappe
  Chacun porte des machines et une copie du stockage ; la majorité décide.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la grappe de virtualisation est en service

  @EXG-NF-01 @lecture
  Scénario: Les trois nœuds sont présents et ont la majorité
    Quand la grappe est interrogée
    Alors ses 3 nœuds sont présents et la majorité est acquise

  @EXG-NF-01 @lecture
  Scénario: Le stockage réparti a toutes ses copies
    Quand le stockage réparti est interrogé
    Alors il est sain, avec 3 disques en service sur 3

  @EXG-NF-01 @lecture
  Scénario: Deux machines qui se remplacent ne partagent jamais un nœud
    Quand la place de chaque machine est relevée
    Alors aucune des règles de séparation n'est enfreinte

  @EXG-NF-01 @lecture
  Scénario: Chaque machine tourne, d'après la grappe et d'après son propre hyperviseur
    Quand la place de chaque machine est relevée
    Alors son hyperviseur dit de chacune qu'elle tourne

  @EXG-NF-01 @charge
  Scénario: Chaque machine garde ce qu'elle a acquitté
    Étant donné que chaque machine est écrite en continu
    Quand l'écriture dure 5 secondes
    Alors aucune écriture acquittée n'est perdue
