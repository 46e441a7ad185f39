"""A secret has one value for one name and one root, and obeys what directories demand."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from recette import secrets
from recette.errors import RecetteError
from recette.secrets import Secrets


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(secrets, "STATE", tmp_path)
    return tmp_path


def test_a_name_gives_always_the_same_secret() -> None:
    first, second = Secrets(b"root"), Secrets(b"root")
    assert first.of("annuaire/administrateur") == second.of("annuaire/administrateur")


def test_another_name_or_another_root_gives_another_secret() -> None:
    found = {Secrets(root).of(name) for root in (b"root", b"other") for name in ("compte/1", "compte/2")}
    assert len(found) == 4


def test_a_secret_holds_the_four_classes_of_characters() -> None:
    for name in map(str, range(100)):
        secret = Secrets(b"root").of(name)
        assert any(map(str.isupper, secret))
        assert any(map(str.islower, secret))
        assert any(map(str.isdigit, secret))
        assert "-" in secret


def test_a_twin_draws_its_root_once_for_its_owner_alone(state: Path) -> None:
    drawn = Secrets.of_site("jumeau", "twin", Path("unused"))
    assert Secrets.of_site("jumeau", "twin", Path("unused")) == drawn
    assert [path.name for path in (state / "jumeau").iterdir()] == ["secret"]
    assert (state / "jumeau" / "secret").stat().st_mode & 0o077 == 0


def test_a_real_site_must_hold_its_root(tmp_path: Path) -> None:
    with pytest.raises(RecetteError, match=r"secret is missing; .*openssl rand"):
        Secrets.of_site("reel", "site", tmp_path)


def test_a_real_site_reads_its_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root\n", encoding="ascii")
    assert Secrets.of_site("reel", "site", tmp_path) == Secrets(b"root")


def test_the_secret_of_one_time_codes_is_160_bits_of_its_login_alone() -> None:
    secrets_of = {root: Secrets(root).totp("jmartin") for root in (b"root", b"other")}
    assert len(base64.b32decode(secrets_of[b"root"])) == hashlib.sha1(usedforsecurity=False).digest_size
    assert len({*secrets_of.values(), Secrets(b"root").totp("edarcy")}) == 3
