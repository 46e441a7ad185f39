# language: fr
Fonctionnalité: Deux accès Internet
  Le site est relié à deux opérateurs. La perte de l'un ne coupe durablement
  ni les sorties du site, ni ses services publiés.

  Contexte:
    Étant donné que le réseau du site est en service

  Règle: La perte d'un opérateur ne coupe pas durablement le site

    @EXG-NF-03 @perturbateur
    Plan du scénario: Les sorties du site survivent à la perte de l'opérateur <opérateur>
      Étant donné que le flux de la DMZ à Internet est sondé en continu
      Quand l'opérateur <opérateur> est perdu
      Alors le flux sondé est coupé au plus 3 secondes
      Et les services publiés restent joignables par l'autre opérateur

      Exemples: opérateurs
        | opérateur |
        | fai-a     |
        | fai-b     |

    @EXG-NF-03 @perturbateur
    Scénario: Le retour de l'opérateur principal ne coupe pas durablement les sorties
      Étant donné que l'opérateur fai-a a été perdu
      Et que le flux de la DMZ à Internet est sondé en continu
      Quand l'opérateur perdu revient
      Alors le flux sondé est coupé au plus 3 secondes
      Et les services publiés sont joignables par les deux opérateurs
