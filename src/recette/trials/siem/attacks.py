"""Words of the features -> an act that the SIEM must tell of."""

from __future__ import annotations

from collections.abc import Mapping

from recette.trials.siem import directory, guesses, intrusions, mails, wires
from recette.trials.siem.watch import Act

ATTACKS: Mapping[str, Act] = {
    "des clés SSH sont essayées sur un serveur": guesses.ssh,
    "un mot de passe est essayé sur de nombreux comptes": guesses.spray,
    "des mots de passe d'un nomade sont essayés": guesses.vpn,
    "des mots de passe d'un téléphone sont essayés": guesses.sip,
    **{words: intrusions.changed(words) for words in intrusions.FAMILIES},
    "un virus de test est déposé sur un poste": intrusions.virus,
    "un virus de test arrive par courriel": mails.infected,
    "un employé de la maintenance devient root": intrusions.became_root,
    "un employé sans droit essaie de devenir root": intrusions.refused_root,
    "un service non déclaré se met à l'écoute": intrusions.listens,
    "la transmission des journaux d'un hôte est arrêtée": intrusions.silenced,
    "le journal d'un serveur est effacé": wires.erased,
    "l'horloge d'un hôte est avancée de dix minutes": intrusions.moved_clock,
    "un compte est créé dans l'annuaire": directory.created,
    "un employé devient administrateur du domaine": directory.promoted,
    "l'adresse publiée est balayée depuis Internet": wires.scanned(1),
    "un serveur est balayé depuis un poste": wires.scanned(2),
    "une injection SQL est envoyée au portail": wires.attacked("sql-injection"),
    "une traversée de répertoires est envoyée au portail": wires.attacked("path-traversal"),
    "des données sortent cachées dans des noms": wires.tunnelled,
    "une ligne de production sort de son conduit": wires.left_its_conduit,
}
