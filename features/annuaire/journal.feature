# language: fr
Fonctionnalité: Journal de l'annuaire
  Qui a changé quoi, et quand, se lit dans le journal de l'annuaire.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Tout changement a un auteur

    @EXG-F-01 @perturbateur
    Plan du scénario: <changement> se retrouve dans le journal
      Quand un administrateur fait <changement>
      Alors le journal dit qui l'a fait, sur quel compte et quand
      Et le journal dit <détail>

      Exemples: changements
        | changement                                | détail                |
        | un changement de description d'un compte  | la nouvelle valeur    |
        | une désactivation de compte               | la nouvelle valeur    |
        | une entrée dans un groupe                 | le groupe et le membre |

    @EXG-F-01 @lecture
    Scénario: Un mot de passe faux se retrouve dans le journal
      Quand un employé se trompe de mot de passe
      Alors le journal dit quel compte a été refusé, d'où et pourquoi
      Et aucun mot de passe ne se lit dans le journal
