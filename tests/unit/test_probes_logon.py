"""Log-ons: what the agent tells of them, on recorded lines, and its pace and patience on a PAM of this test's own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from recette.errors import Inconclusive
from recette.measure.outage import outages
from recette.probes.logon import Account, Logon, Sudo, log_on, parse, rush
from recette.shell import BOOTSTRAP, Remote

RECORDED = Path(__file__).parents[1] / "recorded" / "poste"
CROWD = [Account(name, "secret", sudo=name.startswith("s")) for name in ("smartin", "sdarcy", "petit", "faux", "parti")]
FAKE = """
class Session:
    def __init__(self, service, user, password):
        self.user = user
    def open(self):
        if self.user == "lent":
            time.sleep(30)  # longer than a log-on may last
        if self.user == "refuse":
            raise Refused("compte", 13)
    def facts(self, *, sudo):
        return {"home": True, "ticket": True}
    def close(self, opened):
        pass

if __name__ == "__main__":"""


class Recorded(Remote):
    """Answers from a shell script for each host: what the host said once."""

    def __init__(self, scripts: Mapping[str, str]) -> None:
        super().__init__(Path("unused"))
        self.scripts = scripts

    def command(self, host: str, script: str) -> list[str]:
        del script
        return ["/bin/sh", "-c", self.scripts[host]]


class WithoutPam(Remote):
    """Runs the agent here, on sessions that open, are refused or hang by the name of the user."""

    def __init__(self) -> None:
        super().__init__(Path("unused"))

    def command(self, host: str, script: str) -> list[str]:
        del host, script
        return ["/bin/sh", "-c", BOOTSTRAP]

    def popen_python(self, host: str, agent: str, payload: Any) -> Any:
        return super().popen_python(host, agent.replace('\nif __name__ == "__main__":', FAKE), payload)


def prints(path: Path) -> str:
    return f"cat {shlex.quote(str(path))}; cat >/dev/null"


@pytest.fixture
def recorded() -> tuple[Logon, ...]:
    return log_on(Recorded({"poste-b40": prints(RECORDED / "sessions.jsonl")}), "poste-b40", CROWD)


def test_sessions_that_open_tell_home_ticket_groups_and_sudo(recorded: tuple[Logon, ...]) -> None:
    martin, darcy, petit = recorded[:3]
    assert [logon.accepted for logon in recorded] == [True, True, True, False, False]
    assert (martin.user, martin.home, martin.ticket) == ("smartin", True, True)
    assert martin.groups == ("domain users", "metier-maintenance")
    assert martin.sudo == Sudo(granted=True, said="")
    assert darcy.sudo is not None
    assert not darcy.sudo.granted
    assert "not in the sudoers file" in darcy.sudo.said
    assert (petit.groups, petit.sudo) == ((), None)


def test_refusals_tell_the_phase_and_the_error(recorded: tuple[Logon, ...]) -> None:
    assert [(logon.user, logon.phase, logon.error) for logon in recorded[3:]] == [
        ("faux", "authentification", "PAM_AUTH_ERR"),
        ("parti", "compte", "PAM_PERM_DENIED"),
    ]


def test_a_log_on_is_timed_from_the_arrival_of_its_user(recorded: tuple[Logon, ...]) -> None:
    assert recorded[1].duration_s == pytest.approx(1.5)
    assert recorded[1].started_s - recorded[1].due_s == pytest.approx(0.25)


def test_refused_log_ons_are_an_outage(recorded: tuple[Logon, ...]) -> None:
    (outage,) = outages([logon.sample for logon in recorded], grace_s=10)
    assert outage.lost == 2


def test_a_workstation_that_falls_silent_concludes_nothing() -> None:
    cut = Recorded({"poste-b40": f"head -2 {shlex.quote(str(RECORDED / 'sessions.jsonl'))}"})
    with pytest.raises(Inconclusive, match="2 ouvertures de session"):
        log_on(cut, "poste-b40", CROWD)


def test_the_agent_keeps_the_pace() -> None:
    logons = log_on(WithoutPam(), "ici", [Account(f"u{number}", "x") for number in range(6)], rate=20)
    assert [logon.number for logon in logons] == [*range(6)]
    gaps = [later.due_s - sooner.due_s for sooner, later in pairwise(logons)]
    assert gaps == pytest.approx([0.05] * 5)
    assert all(logon.accepted and logon.started_s >= logon.due_s for logon in logons)


def test_the_agent_says_what_was_refused_and_who_gave_up() -> None:
    crowd = [Account("lent", "x"), Account("refuse", "x"), Account("u1", "x")]
    with rush(WithoutPam(), {"ici": crowd}, rate=50, patience_s=0.5) as begun:
        slow, refused, other = begun.wait_ended(20)
    assert (slow.phase, slow.error) == ("patience", "SIGKILL")
    assert slow.duration_s >= 0.5
    assert (refused.phase, refused.error) == ("compte", "PAM_ACCT_EXPIRED")
    assert other.accepted


def test_nothing_more_is_begun_once_the_watch_ends() -> None:
    with rush(WithoutPam(), {"ici": [Account("u1", "x"), Account("u2", "x")]}, rate=0.01) as begun:
        begun.wait(1, 20)
    assert len(begun.logons) == 1


def test_a_line_is_read_whole() -> None:
    line = json.dumps([0, 10**9, 10**9, 2 * 10**9, "", "", {"home": False, "ticket": False}]).encode()
    logon = parse("poste-b40", CROWD, line)
    assert (logon.due_s, logon.ended_s, logon.home, logon.ticket) == (1.0, 2.0, False, False)
