# language: fr
Fonctionnalité: Comptes et groupes
  Le fichier du personnel, tel que les ressources humaines l'exportent, fait foi :
  l'annuaire dit la même chose que lui, ni plus ni moins.

  Contexte:
    Étant donné que l'annuaire du site est en service

  Règle: L'annuaire dit ce que dit le fichier du personnel

    @EXG-F-01 @lecture
    Scénario: Chaque employé en poste a un compte, et personne d'autre
      Quand l'annuaire est comparé au fichier du personnel
      Alors 800 employés en poste ont chacun un compte actif
      Et chaque compte porte le nom, l'adresse, le bâtiment et le métier de son titulaire
      Et aucun compte actif n'est étranger au fichier

    @EXG-F-01 @lecture
    Scénario: Chaque groupe réunit exactement les employés de son bâtiment ou de son métier
      Quand l'annuaire est comparé au fichier du personnel
      Alors chaque groupe de bâtiment et de métier réunit exactement ses employés

    @EXG-F-01 @lecture
    Scénario: Les homonymes ont des comptes et des adresses distincts
      Quand l'annuaire est comparé au fichier du personnel
      Alors chaque homonyme a son compte et son adresse à lui

    @EXG-F-01 @lecture
    Scénario: Les employés partis n'ont plus ni compte actif ni groupe
      Quand l'annuaire est comparé au fichier du personnel
      Alors chaque compte d'un employé parti est désactivé, rangé à part et sans groupe

  Règle: Un nouveau fichier ne change que ce qui a changé

    @EXG-F-01 @perturbateur
    Scénario: 5 arrivées, 3 départs et 2 mutations ne changent que ces comptes
      Quand un fichier du personnel avec 5 arrivées, 3 départs et 2 mutations est chargé
      Alors les 5 arrivants ont un compte actif et leurs groupes
      Et les 3 partants n'ont plus ni compte actif ni groupe
      Et les 2 mutés ont les groupes de leur nouvelle place
      Et aucun autre compte n'a changé

    @EXG-F-01 @perturbateur
    Scénario: Une ligne mal formée est nommée et refusée, les autres sont chargées
      Quand un fichier du personnel avec 1 arrivée et 1 ligne mal formée est chargé
      Alors la ligne mal formée est nommée
      Et l'arrivant a un compte actif et ses groupes
      Et aucun autre compte n'a changé
