# language: fr
Fonctionnalité: Droits par groupe
  Les droits d'un employé sur un poste viennent de ses groupes, et le suivent quand il en change.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Les droits sont ceux du groupe

    @EXG-F-01 @lecture
    Plan du scénario: Un employé du métier "<métier>" <administre> "<poste>"
      Quand un employé du métier "<métier>" demande à administrer "<poste>"
      Alors il <administre> "<poste>"

      Exemples: qui administre quoi
        | métier         | poste     | administre    |
        | maintenance    | poste-b40 | administre    |
        | maintenance    | poste-b30 | n'administre pas |
        | laboratoire    | poste-b25 | n'administre pas |
        | laboratoire    | poste-b40 | n'administre pas |
        | administration | poste-b30 | n'administre pas |

  Règle: Les droits suivent le groupe

    @EXG-F-01 @perturbateur
    Scénario: Un employé sorti du groupe perd ses droits en au plus 60 secondes
      Étant donné qu'un employé du métier "maintenance" administre "poste-b40"
      Quand il est sorti du groupe "metier-maintenance"
      Alors il n'administre plus "poste-b40" en au plus 60 secondes

    @EXG-F-01 @perturbateur
    Scénario: Un employé entré dans le groupe obtient ses droits en au plus 60 secondes
      Étant donné qu'un employé du métier "laboratoire" n'administre pas "poste-b40"
      Quand il est entré dans le groupe "metier-maintenance"
      Alors il administre "poste-b40" en au plus 60 secondes
