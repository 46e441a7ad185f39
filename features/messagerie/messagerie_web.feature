# language: fr
Fonctionnalité: Messagerie web
  Le courrier se lit dans un navigateur, depuis un bureau ou depuis Internet, toujours à travers le mandataire.

  Contexte:
    Étant donné que la messagerie du site est en service

  Règle: La messagerie web montre le courrier

    @EXG-F-05 @lecture
    Plan du scénario: Un salarié lit dans un navigateur, depuis <lieu>, le courriel qui vient d'arriver
      Étant donné qu'un courriel vient d'être remis à un salarié
      Quand le salarié ouvre la messagerie web depuis <lieu>
      Alors le navigateur montre le courriel qui vient d'arriver

      Exemples: lieux
        | lieu      |
        | un bureau |
        | Internet  |

    @EXG-F-05 @lecture
    Scénario: La messagerie web refuse un mauvais mot de passe
      Quand le salarié ouvre la messagerie web avec un mauvais mot de passe
      Alors le navigateur montre un refus
