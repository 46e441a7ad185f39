# language: fr
Fonctionnalité: La supervision survit aux pannes, et se fait entendre quand elle se tait
  Deux serveurs, une base répliquée ; la passerelle SMS de l'opérateur guette leurs signes de vie.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la messagerie du site est en service
    Et que la supervision du site est en service
    Et que l'astreinte est à l'écoute

  @EXG-F-06 @perturbateur
  Scénario: Le serveur en service perd son courant : l'autre le dit, puis dit une autre panne
    Quand le serveur de supervision en service perd son courant
    Alors l'astreinte est prévenue de la perte de ce serveur en au plus 60 secondes
    Et un autre serveur est en service en au plus 60 secondes
    Quand un service de "dc2" s'arrête pendant ce temps
    Alors l'astreinte apprend en au plus 60 secondes : "freeradius.service" en panne sur "dc2" (Haut)

  @EXG-F-06 @destructif
  Scénario: Les deux serveurs se taisent : la passerelle SMS prévient d'elle-même
    Quand le service de supervision s'arrête sur ses deux serveurs
    Alors la passerelle SMS prévient l'astreinte que la supervision est muette en au plus 60 secondes
    Et une fois les serveurs relancés, elle l'apprend en au plus 60 secondes

  @EXG-F-06 @destructif
  Scénario: La messagerie ne délivre plus : le SMS part quand même, le courriel arrive ensuite
    Quand la messagerie s'arrête sur ses deux serveurs
    Alors l'astreinte apprend par SMS en au plus 60 secondes : "postfix.service" en panne sur "mail1" (Haut)
    Et le courriel arrive en au plus 90 secondes une fois la messagerie relancée
