# language: fr
Fonctionnalité: Filtrage du courrier
  Le courrier entrant est tenu pour ce qu'il prouve être ; ce qui usurpe ou qui nuit est refusé pendant le dialogue,
  avec sa raison, ou rangé à part. Le courrier sortant prouve son origine au système qui le reçoit.

  Contexte:
    Étant donné que la messagerie du site est en service

  Règle: Ce qui usurpe ou qui nuit n'atteint pas la boîte de réception

    Chaque courriel écarté est doublé d'un témoin : le même, sans son défaut, qui doit être distribué.

    @EXG-F-05 @lecture
    Plan du scénario: Un courriel entrant <courriel> est <sort>
      Quand un courriel <courriel> est remis au site, ainsi que son témoin
      Alors le courriel est <sort>
      Et son témoin est distribué

      Exemples: courriels légitimes
        | courriel                                                   | sort       |
        | signé et conforme à la politique de son domaine            | distribué  |
        | accompagné d'une pièce jointe inoffensive                  | distribué  |

      Exemples: courriels qui usurpent
        | courriel                                                   | sort       |
        | venu d'un serveur que son domaine n'autorise pas (SPF)     | mis à part |
        | modifié après sa signature (DKIM)                          | mis à part |
        | venu d'ailleurs quand son domaine demande le refus (DMARC) | refusé     |
        | usurpant une banque qui demande le refus (DMARC)           | refusé     |
        | usurpant un salarié du site                                | refusé     |

      Exemples: courriels qui nuisent
        | courriel                                                   | sort       |
        | porteur du pourriel de test GTUBE                          | refusé     |
        | porteur du virus de test EICAR                             | refusé     |

  Règle: Le courrier sortant prouve son origine

    @EXG-F-05 @lecture
    Scénario: Le courrier sortant est tenu pour authentique par le système qui le reçoit
      Quand un salarié envoie à un correspondant extérieur un courriel accentué avec une pièce jointe
      Alors le système extérieur y reconnaît la signature DKIM du site
      Et le système extérieur conclut SPF, DKIM et DMARC conformes
