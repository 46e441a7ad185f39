"""What is made of log-ons, of their rush and of the time of the hosts, from observations kept here."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from recette.errors import Inconclusive
from recette.personnel import Account as Person
from recette.probes.agents import ntp
from recette.probes.clocks import Offset
from recette.probes.logon import Logon, Sudo
from recette.trials.clocks import Clocks
from recette.trials.morning import Morning, picture
from recette.trials.sessions import rights, said, wrong_groups

NOEL = Person("000101", "nferre", "noel.ferre", "Noël", "Ferré", "b25-labo", "laboratoire", active=True)


def logon(due_s: float, waited_s: float = 1.0, *, error: str = "", **others: Any) -> Logon:
    told: dict[str, Any] = {
        "host": "poste-b25",
        "number": 0,
        "user": "nferre",
        "due_s": due_s,
        "started_s": due_s,
        "ended_s": due_s + waited_s,
        "phase": "authentification" if error else "",
        "error": error,
        "home": True,
        "ticket": True,
        "groups": ("batiment-b25-labo", "metier-laboratoire", "domain users"),
        "sudo": None,
    }
    return Logon(**{**told, **others})


def morning(*logons: Logon, cut_s: float = 10.0) -> Morning:
    return Morning(SimpleNamespace(), 0.4, tuple(logons), cut_s, "coupure de dc1")  # type: ignore[arg-type] # not asked


def test_a_morning_counts_from_the_cut() -> None:
    found = morning(logon(8), logon(9), logon(11, error="PAM_AUTH_ERR"), logon(12, 4.0), logon(17))
    assert found.next_success_s() == pytest.approx(6.0)
    assert found.longest_silence_s() == pytest.approx(6.0)
    assert found.longest_s() == pytest.approx(4.0)
    assert found.median_s() == pytest.approx(1.0)
    assert found.failures() == [
        "nferre sur poste-b25, +1.0 s de la coupure — Obtenu : refusé (authentification, PAM_AUTH_ERR)"
    ]


def test_a_session_opened_for_who_came_before_the_cut_is_no_recovery() -> None:
    assert morning(logon(9, 5.0)).next_success_s() == math.inf
    assert morning(logon(11, error="PAM_AUTH_ERR")).longest_silence_s() == math.inf


def test_silence_lasts_until_the_last_who_tried() -> None:
    found = morning(logon(8), logon(12, 20.0, error="PAM_AUTH_ERR"))
    assert found.longest_silence_s() == pytest.approx(23.0)


def test_a_morning_has_its_picture_and_its_table() -> None:
    found = morning(logon(8), logon(12, 4.0))
    assert [label for _, label in picture(found).events] == ["coupure de dc1", "première session"]
    assert found.table().splitlines()[1] == "poste-b25;nferre;-2.000;1.000;session ouverte en 1,00 s"


def test_rights_are_known_of_an_open_session_only() -> None:
    assert rights(logon(0, sudo=Sudo(granted=True, said="")))
    with pytest.raises(Inconclusive, match="PAM_AUTH_ERR"):
        rights(logon(0, error="PAM_AUTH_ERR"))


def test_groups_of_buildings_and_trades_are_compared_both_ways() -> None:
    assert not wrong_groups(logon(0), NOEL)
    found = logon(0, groups=("batiment-b25-labo", "metier-maintenance"))
    assert wrong_groups(found, NOEL) == ["metier-laboratoire", "metier-maintenance"]


def test_a_log_on_is_told_in_french() -> None:
    assert said(logon(0, 1.25)) == "session ouverte en 1,25 s"


def test_clocks_too_far_or_silent_are_named() -> None:
    found = Clocks(
        (Offset("mail1", "10.0.0.11", 0.01, 0.001), Offset("mail1", "10.0.0.12", -600.0, 0.001),
         Offset("bkp1", "10.0.0.12", None, None)), (), (),
    )  # fmt: skip
    assert found.largest_s() == pytest.approx(600.0)
    assert found.wrong(1.0) == [
        "mail1 et 10.0.0.12 — Obtenu : −600,000 s — Attendu : au plus 1 s",
        "bkp1 et 10.0.0.12 — Obtenu : aucune réponse — Attendu : au plus 1 s",
    ]


def test_no_answer_at_all_proves_nothing() -> None:
    with pytest.raises(Inconclusive, match="Aucune source"):
        Clocks((Offset("mail1", "10.0.0.11", None, None),), (), ()).largest_s()


def test_an_instant_of_ntp_counts_from_1900() -> None:
    assert ntp.instant((2_208_988_800 + 5).to_bytes(4, "big") + (2**31).to_bytes(4, "big")) == pytest.approx(5.5)
