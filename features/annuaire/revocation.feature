# language: fr
Fonctionnalité: Révocation
  Un compte désactivé une seule fois, dans l'annuaire, est refusé partout en moins d'une minute.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: Un compte désactivé une fois est refusé partout

    @EXG-F-01 @perturbateur
    Scénario: Un compte désactivé est refusé partout en au plus 60 secondes
      Étant donné qu'un employé vient d'ouvrir sa session sur "poste-b40"
      Quand son compte est désactivé
      Alors "poste-b40" refuse sa session en au plus 60 secondes
      Et "poste-b90" refuse sa session en au plus 60 secondes
      Et Kerberos refuse son mot de passe sur chaque contrôleur en au plus 60 secondes
      Et LDAPS refuse son mot de passe sur chaque contrôleur en au plus 60 secondes

    @EXG-F-01 @perturbateur
    Scénario: Un compte rétabli retrouve sa session
      Étant donné que le compte d'un employé a été désactivé
      Quand son compte est rétabli
      Alors "poste-b40" lui ouvre une session en au plus 60 secondes

  Règle: Un mot de passe n'est jugé que par l'annuaire

    @EXG-F-01 @perturbateur
    Scénario: Un poste coupé de l'annuaire n'ouvre aucune session
      Étant donné qu'un employé vient d'ouvrir sa session sur "poste-b25"
      Quand "poste-b25" est coupé de l'annuaire
      Alors "poste-b25" ne lui ouvre aucune session
