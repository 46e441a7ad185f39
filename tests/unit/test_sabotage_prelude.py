"""The shell functions given to sabotages, run against a recorded list of rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from recette.sabotage.tools import PRELUDE

RULES = """\
table inet pare_feu {
\tset bogons { # handle 1
\t\ttypeof ip saddr
\t\telements = { 10.0.0.0/8 }
\t}

\tchain bureaux { # handle 3
\t\tip saddr { 10.94.30.1, 10.94.30.2 } tcp dport 80 counter packets 3 bytes 9 accept comment "FLX-017" # handle 4
\t}

\tchain transit { # handle 2
\t\ttype filter hook forward priority filter; policy drop;
\t\tiifname . oifname vmap { "a" . "b" : jump bureaux, "c" . "d" : jump bureaux } # handle 7
\t\tiifname "b30-admin" tcp dport 53 counter packets 0 bytes 0 accept comment "FLX-017" # handle 5
\t\tlog prefix "N1:defaut-transit:drop " group 1 drop comment "defaut-transit" # handle 6
\t}
}
"""


@pytest.fixture
def nft(tmp_path: Path) -> Path:
    """A stand-in for nft that lists recorded rules and keeps what it is asked."""
    (tmp_path / "rules").write_text(RULES, encoding="utf-8")
    cases = f'*list*) cat {tmp_path}/rules ;; *insert*) echo "$*" >{tmp_path}/asked ;; *) cat >{tmp_path}/loaded ;;'
    (tmp_path / "nft").write_text(f'#!/bin/sh\ncase "$*" in {cases} esac\n', encoding="utf-8")
    (tmp_path / "nft").chmod(0o755)
    return tmp_path


def run(nft: Path, script: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{nft}:/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", PRELUDE + script], env=environment, capture_output=True, text=True, check=False
    )


def loaded(nft: Path) -> list[str]:
    return (nft / "loaded").read_text(encoding="utf-8").splitlines()


def test_every_rule_of_a_comment_is_deleted_in_any_chain(nft: Path) -> None:
    assert run(nft, "delete_rules FLX-017").returncode == 0
    assert loaded(nft) == [
        "delete rule inet pare_feu bureaux handle 4",
        "delete rule inet pare_feu transit handle 5",
    ]


def test_rules_are_deleted_by_their_text(nft: Path) -> None:
    assert run(nft, 'delete_like "dport (53|70) "').returncode == 0
    assert loaded(nft) == ["delete rule inet pare_feu transit handle 5"]


def test_a_rule_is_edited_in_place(nft: Path) -> None:
    assert run(nft, "edit_rules defaut-transit 's/ drop comment/ reject comment/'").returncode == 0
    rule = 'log prefix "N1:defaut-transit:drop " group 1 reject comment "defaut-transit"'
    assert loaded(nft) == [f"replace rule inet pare_feu transit handle 6 {rule}"]


def test_a_rule_is_inserted_in_the_chain_of_a_hook(nft: Path) -> None:
    assert run(nft, "insert_rule forward 'ip saddr 10.0.0.1 accept'").returncode == 0
    assert (nft / "asked").read_text(encoding="utf-8") == "insert rule inet pare_feu transit ip saddr 10.0.0.1 accept\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("delete_rules FLX-01", 'no rule like comment "FLX-01"$ in table inet pare_feu'),
        ("edit_rules FLX-099 s/a/b/", 'no rule like comment "FLX-099"$ in table inet pare_feu'),
        ("edit_rules FLX-017 s/absent/b/", 'rule "FLX-017" is left unchanged'),
        ("delete_like usurpation", "no rule like usurpation in table inet pare_feu"),
    ],
)
def test_what_finds_nothing_to_break_fails_and_stops_the_sabotage(nft: Path, script: str, message: str) -> None:
    outcome = run(nft, f"{script}\necho continued")
    assert outcome.returncode != 0
    assert message in outcome.stderr
    assert "continued" not in outcome.stdout
    assert not (nft / "loaded").exists()
