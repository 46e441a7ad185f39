"""The browser probe: what it makes of the last view, and when the agent takes the user for logged on or refused."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.probes.browser import Stage, log_on
from recette.shell import Remote

RECORDED = Path(__file__).parents[1] / "recorded" / "navigateur"


class Recorded(Remote):
    """A host whose agent printed this once, or failed with this status."""

    def __init__(self, script: str) -> None:
        super().__init__(Path("unused"))
        self.script = script

    def command(self, host: str, script: str) -> list[str]:
        del host, script
        return ["/bin/sh", "-c", f"cat >/dev/null; {self.script}"]


def _log_on(script: str, awaited: str = "") -> Any:
    return log_on(Recorded(script), "poste-b30", "https://webmail.example/", "a@b.example", "secret", awaited=awaited)


def test_a_mailbox_shows_what_stands_in_it() -> None:
    seen = _log_on(f"cat {shlex.quote(str(RECORDED / 'boite.json'))}")
    assert seen.stage is Stage.INSIDE
    assert seen.shows("Boîte de réception")
    assert not seen.shows("Virement urgent")
    assert seen.picture.startswith(b"\x89PNG")


def test_a_refusal_shows_nothing_of_the_mailbox() -> None:
    seen = _log_on(f"cat {shlex.quote(str(RECORDED / 'refus.json'))}")
    assert seen.stage is Stage.REFUSED
    assert "La connexion a échoué" in seen.text
    assert not seen.shows("La connexion a échoué")


def test_a_browser_that_cannot_be_had_proves_nothing() -> None:
    with pytest.raises(Inconclusive, match="CERTIFICATE_VERIFY_FAILED"):
        _log_on("echo 'ssl.SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED' >&2; exit 1")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("agent") / "browser_agent.py"
    path.write_text(source("browser"), encoding="utf-8")
    loader = SourceFileLoader("browser_agent", str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


STATE = {"form": False, "list": False, "told": "", "refusal": ""}


@pytest.mark.parametrize(
    ("state", "awaited", "stage"),
    [
        ({"form": True}, "", None),
        ({"form": True, "refusal": "La connexion a échoué."}, "", "refused"),
        ({"list": True, "told": "Réunion"}, "", "inside"),
        ({"list": True, "told": "Réunion"}, "Réunion", "inside"),
        ({"list": True, "told": "Réunion"}, "Virement", None),
        ({"list": True, "refusal": "Quota presque atteint"}, "", "inside"),
    ],
    ids=["form", "refused", "mailbox", "message there", "message awaited", "warning"],
)
def test_the_stage_is_read_from_the_page(agent: Any, state: Mapping[str, Any], awaited: str, stage: str | None) -> None:
    assert agent.stage({**STATE, **state}, awaited) == stage


def test_the_key_of_a_certificate_is_that_of_openssl(agent: Any, tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    files = ["-subj", "/CN=essai", "-keyout", str(tmp_path / "key.pem"), "-outform", "DER", "-out", str(tmp_path / "c")]
    subprocess.run([*made, *files], check=True, capture_output=True)
    asked = ["openssl", "pkey", "-in", str(tmp_path / "key.pem"), "-pubout", "-outform", "DER"]
    public = subprocess.run(asked, check=True, capture_output=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=public, check=True, capture_output=True)
    assert agent.key_of((tmp_path / "c").read_bytes()) == base64.b64encode(digest.stdout).decode()


def test_recordings_hold_no_more_than_a_view() -> None:
    for path in RECORDED.glob("*.json"):
        assert set(json.loads(path.read_text(encoding="utf-8"))) == {
            "stage",
            "title",
            "text",
            "png",
            "took_s",
            "certificate",
        }
