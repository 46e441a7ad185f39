"""What the exchanges derive from the directory, what they copy, and whom they bar."""

from __future__ import annotations

import argparse
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROLES = Path(__file__).parents[2] / "roles"


@pytest.fixture(scope="module")
def program() -> Iterator[Any]:
    """The modules of the program that need nothing but Python."""
    sys.path.insert(0, str(ROLES / "telephonie/files"))
    names = ("copie", "courriel", "postes")
    yield type("Program", (), {name: importlib.import_module(f"telephonie.{name}") for name in names})
    sys.path.remove(str(ROLES / "telephonie/files"))


@pytest.fixture(scope="module")
def watch() -> ModuleType:
    """The program that bars those who guess; its file has no suffix."""
    path = str(ROLES / "asterisk/files/asterisk-bannissement")
    loader = importlib.machinery.SourceFileLoader("asterisk_bannissement", path)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


STARTED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _event(kind: str, account: str, address: str = "10.94.50.101", *, after_s: float = 1) -> str:
    at = (STARTED + timedelta(seconds=after_s)).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    where = f"IPV4/TLS/{address}/40000"
    return f'SecurityEvent="{kind}",EventTV="{at}",AccountID="{account}",RemoteAddress="{where}",Challenge=""'


def test_a_telephone_has_its_building_its_rights_and_no_password_in_clear(program: Any) -> None:
    """The digest stands in the settings, with the realm that it is good for."""
    poste = program.postes.Poste("2101", "Éloïse D'Arcy", "b25-labo", "secret", "a@b.example", international=True)
    text = program.postes.pjsip([poste], "pbx.example", {"b25-labo": "0199001925"})
    assert "secret" not in text.replace("poste-secret", "")
    assert 'callerid = "Éloïse D\'Arcy" <2101>' in text
    assert "set_var = NUMERO_LIEU=0199001925" in text
    assert "set_var = ETRANGER=oui" in text


def test_a_name_of_the_directory_writes_no_setting(program: Any) -> None:
    """Quotes, brackets, comments and line ends of a name are lost."""
    poste = program.postes.Poste("2101", 'x" <1>\n[2102](poste)\n;', "ici]", "secret")
    text = program.postes.pjsip([poste], "pbx.example", {})
    assert text.count("[210") == 3
    assert 'callerid = "x 12102poste" <2101>' in text


def test_a_box_needs_no_code(program: Any) -> None:
    """Its number, its owner, where its messages go."""
    poste = program.postes.Poste("2101", "Jean Martin", "b25-labo", "secret", "jean.martin@cenexis.example")
    assert program.postes.voicemail([poste]) == "2101 => -,Jean Martin,jean.martin@cenexis.example\n"


def test_a_copied_message_stays_in_its_folder(program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that leads elsewhere is refused, another one is written with its date."""
    monkeypatch.setattr(program.copie, "SPOOL", tmp_path / "voicemail")
    program.copie.store("default/2101/INBOX/msg0000.wav", b"voice", 1_700_000_000_000_000_000)
    assert program.copie.files() == {"default/2101/INBOX/msg0000.wav": [5, 1_700_000_000_000_000_000]}
    with pytest.raises(ValueError, match="outside"):
        program.copie.store("../../etc/passwd", b"", 0)


def test_what_is_being_recorded_is_not_copied(program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither drafts nor the folder of recordings under way."""
    monkeypatch.setattr(program.copie, "SPOOL", tmp_path)
    for name in ("default/2101/tmp/x.wav", "default/2101/INBOX/.lock"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
    assert program.copie.files() == {}


def test_a_refused_try_counts_once_and_a_challenge_never(watch: ModuleType) -> None:
    """A wrong password of somebody unknown makes two events; only the one that names him counts."""
    lines = [
        _event("ChallengeSent", "2101"),
        _event("ChallengeResponseFailed", "2101"),
        _event("InvalidAccountID", "9876"),
        _event("ChallengeResponseFailed", "<unknown>"),
        "emergency: caller=2101 number=15",
    ]
    at = STARTED.timestamp() + 1
    assert list(watch.refusals(iter(lines))) == [(at, "10.94.50.101", "2101"), (at, "10.94.50.101", "9876")]


def test_a_name_of_a_try_does_not_date_it(watch: ModuleType) -> None:
    """Who calls himself by a time of long ago is counted now all the same."""
    line = _event("InvalidAccountID", '9876",EventTV="2001-01-01T00:00:00.000+0000')
    assert [at for at, _, _ in watch.refusals(iter([line]))] == [STARTED.timestamp() + 1]


def test_who_guesses_is_barred_at_the_fifth_try(
    watch: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever names were tried; not who is exempt, fails four times, too slowly, or did before it started."""
    barred: list[tuple[str, int]] = []
    monkeypatch.setattr(watch, "bar", lambda address, seconds: barred.append((address, seconds)))
    lines = [_event("InvalidAccountID", str(3000 + rank)) for rank in range(5)]
    lines += [_event("InvalidAccountID", "2101", "10.94.50.60")] * 9
    lines += [_event("ChallengeResponseFailed", "2101", "10.94.50.102")] * 4
    lines += [_event("ChallengeResponseFailed", "2101", "10.94.50.103", after_s=16 * rank) for rank in range(9)]
    lines += [_event("ChallengeResponseFailed", "2101", "10.94.50.104", after_s=-0.2)] * 9
    wanted = argparse.Namespace(failures=5, window=60, seconds=300, exempt="10.94.50.60,127.0.0.1")
    watch.watch(iter(lines), wanted, STARTED.timestamp())
    assert barred == [("10.94.50.101", 300)]
    told = capsys.readouterr().out
    assert told == ("banned: address=10.94.50.101 failures=5 window_s=60 for_s=300 accounts=3000,3001,3002,3003,3004\n")
