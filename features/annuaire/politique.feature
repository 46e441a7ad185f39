# language: fr
Fonctionnalité: Mots de passe et privilèges
  Un mot de passe faible est refusé, une attaque par essais bloque le compte visé, et les privilèges
  sont ceux qui sont écrits : points de contrôle Active Directory de l'ANSSI qui s'appliquent.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Un mot de passe se mérite

    @EXG-F-01 @perturbateur
    Plan du scénario: Un mot de passe <défaut> est refusé
      Étant donné un employé et son mot de passe
      Quand il choisit un mot de passe <défaut>
      Alors l'annuaire refuse ce mot de passe parce qu'il est <défaut>
      Et l'annuaire en accepte un solide

      Exemples: défauts
        | défaut       |
        | trop court   |
        | trop simple  |
        | déjà utilisé |

    @EXG-F-01 @perturbateur
    Scénario: 5 mots de passe faux bloquent le compte, et lui seul
      Quand 5 mots de passe faux sont essayés sur le compte d'un employé
      Alors son compte est bloqué sur chaque contrôleur en au plus 10 secondes
      Et le compte d'un collègue ne l'est pas

  Règle: Les privilèges sont ceux qui sont écrits

    @EXG-F-01 @lecture
    Scénario: Les groupes privilégiés ne comptent que les administrateurs déclarés
      Quand les comptes et les groupes privilégiés sont relevés
      Alors chaque groupe privilégié ne compte que ses membres déclarés

    @EXG-F-01 @lecture
    Scénario: Les secrets de l'annuaire ont moins d'un an
      Quand les comptes et les groupes privilégiés sont relevés
      Alors le mot de passe de krbtgt a au plus 365 jours
      Et celui de chaque compte privilégié a au plus 365 jours

    @EXG-F-01 @lecture
    Plan du scénario: Aucun compte n'est <faiblesse>
      Quand les comptes et les groupes privilégiés sont relevés
      Alors aucun compte n'est <faiblesse>

      Exemples: faiblesses que l'ANSSI fait relever
        | faiblesse                                       |
        | dispensé de mot de passe                        |
        | enregistré avec un mot de passe réversible      |
        | limité au chiffrement DES                       |
        | dispensé de préauthentification Kerberos        |
        | délégué sans contrainte, contrôleurs exceptés   |
        | privilégié par un ancien groupe (adminCount)    |
        | invité et actif                                 |

    @EXG-F-01 @lecture
    Scénario: Un employé ne joint pas de machine au domaine
      Quand les comptes et les groupes privilégiés sont relevés
      Alors un compte ordinaire peut joindre 0 machine
