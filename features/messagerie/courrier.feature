# language: fr
Fonctionnalité: Courrier interne, sortant et entrant
  Un salarié écrit depuis son bureau, son correspondant lit depuis le sien :
  ce qui est lu est, octet pour octet, ce qui a été écrit.
  Délais comptés du premier mot dit au serveur jusqu'à l'instant où le logiciel de lecture voit le courriel.

  Contexte:
    Étant donné que la messagerie du site est en service

  Règle: Un courriel arrive entier et vite

    @EXG-F-05 @lecture
    Plan du scénario: Un courriel <sens> arrive intact en au plus <délai> secondes
      Quand <auteur> envoie à <lecteur> un courriel accentué avec une pièce jointe
      Alors le lecteur a reçu, octet pour octet, ce qui a été écrit
      Et le courriel est lu au plus <délai> secondes après son dépôt

      Exemples: sens
        | sens    | auteur                      | lecteur                         | délai |
        | interne | un salarié                  | un collègue d'un autre bâtiment | 5     |
        | sortant | un salarié                  | un correspondant extérieur      | 10    |
        | entrant | un correspondant extérieur  | un salarié                      | 10    |

    @EXG-F-05 @lecture
    Scénario: La réponse d'un correspondant extérieur revient au salarié dans le même fil
      Étant donné qu'un correspondant extérieur a reçu le courriel d'un salarié
      Quand le correspondant lui répond
      Alors le lecteur a reçu, octet pour octet, ce qui a été écrit
      Et la réponse se range dans le fil du premier courriel

  Règle: Les listes de diffusion suivent l'annuaire

    @EXG-F-05 @lecture
    Scénario: Un courriel à une liste parvient une fois à chaque membre du groupe, et à personne d'autre
      Quand un salarié écrit à la liste "metier-informatique"
      Alors chaque membre du groupe a reçu le courriel exactement une fois
      Et aucune autre boîte ne l'a reçu

    @EXG-F-05 @perturbateur
    Scénario: Entrer dans un groupe, ou en sortir, change ce que l'on reçoit de sa liste
      Étant donné qu'un salarié est entré dans le groupe "metier-informatique" et qu'un autre en est sorti
      Quand un salarié écrit à la liste "metier-informatique"
      Alors celui qui est entré a reçu le courriel
      Et celui qui est sorti ne l'a pas reçu
