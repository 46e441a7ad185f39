"""The programs of the backup server that decide: what may be forgotten, and what on call hears."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from recette.paths import ROOT

NOW = 1_800_000_000.0
DAY_S = 86_400.0


@pytest.fixture(scope="module", autouse=True)
def programs() -> Iterator[None]:
    """Both packages are imported as on their hosts."""
    folders = [str(ROOT / f"roles/{role}/files/programme") for role in ("sauvegarde", "sauvegarde_client")]
    sys.path[:0] = folders
    yield
    for folder in folders:
        sys.path.remove(folder)
    for name in [name for name in sys.modules if name.split(".")[0] in ("sauvegarde", "sauvegarde_client")]:
        del sys.modules[name]


def module(name: str) -> Any:
    return importlib.import_module(name)


def copy(age_s: float, late_s: float = 1.0) -> Any:
    """A copy made so long ago, which arrived a moment later."""
    return module("sauvegarde.restic").Snapshot("id", "systeme", NOW - age_s, NOW - age_s + late_s)


def objections(*copies: Any, last: Any = None, newest: float = NOW - 60) -> list[str]:
    found: list[str] = module("sauvegarde.retention").objections(copies, NOW, last, newest)
    return found


def test_copies_that_tell_the_truth_may_be_pruned() -> None:
    assert objections(copy(60), copy(400 * DAY_S), copy(DAY_S, late_s=3600.0)) == []


def test_an_empty_repository_may_be_pruned() -> None:
    assert objections() == []


def test_a_copy_of_the_future_stops_the_pruning() -> None:
    assert objections(copy(60), copy(-DAY_S)) == ["1 copie(s) datée(s) du futur"]


def test_a_copy_that_claims_another_time_than_its_arrival_stops_it() -> None:
    (found,) = objections(copy(400 * DAY_S, late_s=399 * DAY_S))
    assert "pas celle de leur arrivée" in found


def test_a_clock_that_went_back_stops_it() -> None:
    last = module("sauvegarde.retention").Last(NOW + DAY_S, 3)
    assert objections(copy(60), last=last) == ["l'horloge a reculé"]


def test_a_clock_that_jumped_ahead_stops_it() -> None:
    """Everything that was copied is then of long ago: nothing is pruned before copies come at the new time."""
    (found,) = objections(copy(400 * DAY_S), newest=NOW - 400 * DAY_S)
    assert "aucune copie d'aucun hôte depuis 400 jours" in found


@pytest.mark.parametrize(
    ("before", "removed", "kept", "refused"),
    [(24, 1, 23, False), (24, 4, 23, False), (24, 5, 23, True), (30, 20, None, False), (20, 20, 20, True)],
)
def test_no_more_copies_go_than_have_come(before: int, removed: int, kept: int | None, refused: bool) -> None:  # noqa: FBT001 - a table
    retention = module("sauvegarde.retention")
    last = None if kept is None else retention.Last(NOW, kept)
    assert bool(retention.too_many(before, removed, last)) == refused


def test_retention_counts_each_data_set_by_itself() -> None:
    words = module("sauvegarde.retention").policy({"daily": 7, "weekly": 4, "monthly": 12})
    assert " ".join(words) == "--group-by tags --keep-daily 7 --keep-weekly 4 --keep-monthly 12"


def state(**changes: Any) -> dict[str, Any]:
    one = {"hote": "dc1", "ensemble": "annuaire", "age_s": 60, "rpo_s": 3600, "copies": 3, "en_retard": False}
    told: dict[str, Any] = {
        "instant": NOW,
        "ensembles": [one],
        "illisibles": [],
        "libre_mio": 9000,
        "retention": {"dc1": {"at": NOW, "kept": 3}},
        "verification": {"dc1": {"at": NOW, "ok": True, "detail": ""}},
        "hors_site": {"dc1": {"at": NOW, "ok": True, "detail": ""}},
    }
    told["ensembles"] = [one | changes.pop("ensemble", {})]
    return told | changes


def complaints(told: dict[str, Any], known_s: float = 10 * DAY_S) -> dict[str, list[str]]:
    settings = module("sauvegarde.reglages").parse(
        {
            "root": "/srv",
            "account": "nobody",
            "listen": "",
            "certificate": "",
            "private_key": "",
            "repositories": [{"name": "dc1", "access": "a", "key": "k"}],
            "keep": {},
            "reserve_mebibytes": 1000,
            "warn_mebibytes": 500,
            "far_url": "https://loin:8000",
            "authority": "",
            "recipient": "",
        }
    )
    found: dict[str, list[str]] = module("sauvegarde.etat").complaints(settings, told, {"dc1"}, known_s)
    return {kind: lines for kind, lines in found.items() if lines}


def test_a_site_that_is_well_says_nothing() -> None:
    assert complaints(state()) == {}


def test_a_late_copy_is_told_with_its_age_and_what_is_allowed() -> None:
    told = complaints(state(ensemble={"age_s": 7200, "en_retard": True}))
    assert told == {"retards": ["dc1, annuaire : copie de 120 min pour 60 min permises"]}


def test_a_set_that_was_never_copied_is_late_once_its_rpo_has_passed() -> None:
    never = {"age_s": None, "en_retard": True, "copies": 0}
    assert complaints(state(ensemble=never), known_s=1800.0) == {}
    assert complaints(state(ensemble=never), known_s=3601.0) == {"retards": ["dc1, annuaire : aucune copie"]}


def test_a_disk_that_nears_its_reserve_is_told() -> None:
    assert complaints(state(libre_mio=1499)) == {"place": ["disque des sauvegardes : 1499 Mio libres"]}


def test_a_refused_pruning_an_altered_copy_and_a_far_copy_that_failed_are_told() -> None:
    told = complaints(
        state(
            retention={"dc1": {"refused": "l'horloge a reculé"}},
            verification={"dc1": {"at": NOW, "ok": False, "detail": "altéré"}},
            hors_site={"dc1": {"at": NOW, "ok": False, "detail": "injoignable"}},
        )
    )
    assert set(told) == {"retention", "verification", "hors-site"}


def test_what_was_not_verified_for_days_is_told_but_not_by_a_new_server() -> None:
    assert set(complaints(state(verification={}, hors_site={}))) == {"verification", "hors-site"}
    assert complaints(state(verification={}, hors_site={}), known_s=3600.0) == {}


def due(age_s: float | None, rpo_minutes: int = 60) -> bool:
    copies, reglages = module("sauvegarde_client.copies"), module("sauvegarde_client.reglages")
    known = copies.State(ROOT / "no-such-file")
    if age_s is not None:
        known.told["dc1/annuaire"] = {"at": NOW - age_s}
    found: bool = known.due("dc1", reglages.DataSet("annuaire", rpo_minutes), NOW)
    return found


def test_a_set_is_copied_each_half_of_its_rpo() -> None:
    assert due(None)
    assert due(1800.0)
    assert not due(1799.0)


def test_a_copy_of_the_future_does_not_keep_a_host_from_copying() -> None:
    assert due(-3600.0)


def test_the_summary_of_restic_tells_what_was_added() -> None:
    summary = '{"message_type":"summary","snapshot_id":"a","total_bytes_processed":9,"data_added":4}'
    printed = '{"message_type":"status"}\n' + summary
    assert module("sauvegarde_client.copies").summary(printed) == {"snapshot": "a", "bytes": 9, "added": 4}


def test_a_copy_of_which_restic_says_nothing_has_failed() -> None:
    with pytest.raises(module("sauvegarde_client.commandes").Failed, match="no summary"):
        module("sauvegarde_client.copies").summary('{"message_type":"status"}')


def test_a_collected_set_is_named_with_its_host() -> None:
    reglages, restauration = module("sauvegarde_client.reglages"), module("sauvegarde_client.restauration")
    one = {"name": "systeme", "rpo_minutes": 60}
    stores = [{"host": host, "access": "", "key": "", "sets": [one]} for host in ("bastion", "gtb")]
    settings = reglages.parse({"url": "", "authority": "", "stores": stores})
    assert restauration.chosen(settings, "systeme")[0].host == "bastion"
    assert restauration.chosen(settings, "gtb/systeme")[0].host == "gtb"
    with pytest.raises(module("sauvegarde_client.commandes").Failed, match="no data set"):
        restauration.chosen(settings, "nobody/systeme")
