# language: fr
Fonctionnalité: Tout ce qui est à l'inventaire est surveillé
  Ce qui doit l'être se lit dans l'inventaire et sur les hôtes, jamais dans la supervision.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la supervision du site est en service

  @EXG-F-06 @lecture
  Plan du scénario: <chose> de l'inventaire sont tous surveillés
    Quand <chose> de l'inventaire sont comparés à ce que mesure la supervision
    Alors aucun ne manque

    Exemples: choses
      | chose           |
      | les hôtes       |
      | les services    |
      | les certificats |

  @EXG-F-06 @lecture
  Scénario: Aucun agent ne répond sans sa clé
    Quand chaque agent est interrogé en clair
    Alors aucun ne répond

  @EXG-F-06 @lecture
  Scénario: La console montre tous les hôtes de l'inventaire
    Quand un administrateur ouvre la console depuis le bastion
    Alors elle montre chaque hôte de l'inventaire
