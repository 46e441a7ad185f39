# language: fr
Fonctionnalité: Tout ce qui est à l'inventaire est sauvegardé
  Ce qui doit l'être, et l'âge permis de chaque copie (RPO), se lit dans l'inventaire ; les copies se lisent dans les
  dépôts eux-mêmes, jamais dans ce que disent les hôtes.

  Contexte:
    Étant donné que le réseau du site est en service
    Et que la sauvegarde du site est en service

  Règle: Tout est copié

    @EXG-NF-02 @lecture
    Scénario: Chaque ensemble de données a une copie plus jeune que son RPO
      Quand les copies sont comparées à l'inventaire
      Alors aucun hôte du site n'est sans ensemble de données
      Et aucun ensemble n'est sans copie
      Et aucune copie la plus récente n'est plus vieille que son RPO

    @EXG-NF-02 @lecture
    Scénario: Chaque ensemble de données a un RPO et un RTO écrits
      Quand les objectifs de reprise sont lus à l'inventaire
      Alors aucun n'est absent

    @EXG-NF-02 @charge
    Scénario: Copier tout le site prend au plus 20 minutes, et ne coûte que ce qui a changé
      Quand tout le site est copié d'un coup
      Alors tout a été copié en au plus 20 minutes
      Et les copies n'ont ajouté au dépôt qu'au plus 20 pour cent de ce qu'elles représentent

  Règle: Chaque copie est saine, et lisible du seul site

    @EXG-NF-02 @charge
    Scénario: Relus octet par octet, tous les dépôts sont intacts
      Quand tous les dépôts sont relus en entier
      Alors aucun n'est altéré

    @EXG-NF-02 @lecture
    Scénario: Le disque des sauvegardes ne montre rien de ce qui est copié
      Étant donné un fichier numéroté de "dc2", copié puis changé
      Quand le disque des sauvegardes est fouillé
      Alors ni le contenu ni le nom du fichier ne s'y lisent

  Règle: Un défaut de sauvegarde parvient à l'astreinte

    @EXG-NF-02 @EXG-F-06 @perturbateur
    Scénario: Une sauvegarde est en retard : l'astreinte l'apprend
      Étant donné que la messagerie du site est en service
      Et que la supervision du site est en service
      Et que l'astreinte est à l'écoute
      Quand l'annuaire de "dc1" n'a plus de copie assez récente
      Alors l'astreinte apprend en au plus 120 secondes : "sauvegarde en retard" en panne sur "bkp1" (Haut)
