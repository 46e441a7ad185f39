# language: fr
Fonctionnalité: Accès à la messagerie
  Chacun n'entre que par un canal chiffré, sous sa propre identité, tant que son compte est valide.

  Contexte:
    Étant donné que la messagerie du site est en service

  Règle: Rien ne circule en clair

    @EXG-F-05 @lecture
    Scénario: Aucun mot de passe n'est accepté en clair
      Quand un salarié tente de s'identifier en clair sur les services de messagerie
      Alors aucun service ne propose ni n'accepte l'identification en clair
      Et aucun port de lecture en clair n'est ouvert

    @EXG-F-05 @lecture
    Scénario: Chaque service présente un certificat valide et préfère TLS 1.3
      Quand chaque service de messagerie est appelé en TLS
      Alors chaque service prouve son nom par un certificat que le site reconnaît
      Et chaque service choisit TLS 1.3
      Et aucun service n'accepte TLS 1.0 ni TLS 1.1

  Règle: Chacun n'écrit que sous son nom

    @EXG-F-05 @lecture
    Scénario: Un salarié ne peut pas écrire au nom d'un collègue
      Quand un salarié identifié dépose un courriel au nom d'un collègue, puis un autre en son nom
      Alors le courriel au nom du collègue est refusé
      Et celui en son nom est distribué

    @EXG-F-05 @lecture
    Scénario: Un poste ne remet pas de courrier lui-même à Internet
      Quand "poste-b30" tente de remettre un courriel directement à un serveur d'Internet
      Alors la connexion n'aboutit pas
      Et le pare-feu de niveau 2 a journalisé le refus
      Et le même serveur d'Internet répond au relais du site

  Règle: L'accès cesse avec le compte

    @EXG-F-05 @perturbateur
    Scénario: Un compte désactivé ne dépose ni ne lit plus en au plus 60 secondes
      Étant donné qu'un salarié dépose et lit son courrier
      Quand son compte de messagerie est désactivé dans l'annuaire
      Alors le dépôt lui est refusé sur chaque serveur en au plus 60 secondes
      Et la lecture lui est refusée sur chaque serveur en au plus 60 secondes

  Règle: Une boîte pleine le dit

    @EXG-F-05 @charge
    Scénario: Une boîte qui dépasse son quota refuse le courrier et l'expéditeur le sait
      Étant donné qu'un salarié a rempli sa boîte jusqu'à son quota
      Quand un collègue lui écrit
      Alors le refus dit que la boîte est pleine
      Et un courriel est distribué dès que la place est rendue
