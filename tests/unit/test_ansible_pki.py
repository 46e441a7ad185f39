"""The authority of a site and the keys of its hosts: what is signed again, what is given again, what is refused."""

from __future__ import annotations

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

MODULES = Path(__file__).parents[2] / "plugins/modules"
NAMES = ["mx.cenexis.example", "mx-1.fsb.cenexis.example"]


def _module(name: str) -> ModuleType:
    loader = SourceFileLoader(name, str(MODULES / f"{name}.py"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


site_authority = _module("site_authority")
site_key = _module("site_key")


class Refused(Exception):  # noqa: N818 - what the module says when it fails
    pass


class Asked:
    """Stands for AnsibleModule."""

    def __init__(self, *, check: bool = False, **params: Any) -> None:
        self.params, self.check_mode = params, check

    def fail_json(self, *, msg: str) -> NoReturn:
        raise Refused(msg)


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def serve(folder: Path, key: Any, names: list[str] | None = None, **options: Any) -> dict[str, Any]:
    """What the authority answers to one request of mx-1."""
    names = names or NAMES
    requests = {
        "mx-1": [{"name": "relais", "dns": names, "addresses": [], "csr": site_key.request(key, names) if key else ""}]
    }
    params: dict[str, Any] = {"folder": str(folder / "authority"), "common_name": "Autorité", "organization": "CENEXIS"}
    params |= {"validity_days": 397, "renew_days": 30, "revoked": []} | options
    check = params.pop("check", False)
    done: dict[str, Any] = site_authority.serve(Asked(check=bool(check), requests=requests, **params))
    return done


def leaf(done: dict[str, Any]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(done["issued"]["mx-1"]["relais"].encode())


def test_a_certificate_bears_its_names_and_the_signature_of_the_authority(tmp_path: Path, key: Any) -> None:
    done = serve(tmp_path, key)
    chain = x509.load_pem_x509_certificates(done["issued"]["mx-1"]["relais"].encode())
    assert [each.subject.rfc4514_string() for each in chain] == [
        "CN=mx.cenexis.example,O=CENEXIS",
        "CN=Autorité,O=CENEXIS",
    ]
    chain[0].verify_directly_issued_by(chain[1])
    assert (chain[0].not_valid_after_utc - chain[0].not_valid_before_utc).days == 397
    assert (tmp_path / "authority" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_a_second_request_gets_the_same_again(tmp_path: Path, key: Any) -> None:
    first = serve(tmp_path, key)
    again = serve(tmp_path, key)
    assert again["changes"] == []
    assert again["issued"] == first["issued"]
    assert again["revocation_list"] == first["revocation_list"]


@pytest.mark.parametrize(
    "options",
    [{"renew_days": 397}, {"names": ["mx.cenexis.example"]}, {"key": ec.generate_private_key(ec.SECP256R1())}],
)
def test_a_new_one_is_signed(tmp_path: Path, key: Any, options: dict[str, Any]) -> None:
    first = serve(tmp_path, key)
    asked = {"key": key} | options
    predicted = serve(tmp_path, **asked, check=True)
    assert predicted["changes"] == ["mx-1: relais"]
    assert serve(tmp_path, key)["issued"] == first["issued"], "check mode signs nothing"
    assert leaf(serve(tmp_path, **asked)).serial_number != leaf(first).serial_number


def test_an_altered_record_is_signed_again(tmp_path: Path, key: Any) -> None:
    serve(tmp_path, key)
    (tmp_path / "authority" / "issued" / "mx-1.relais.pem").write_text("altered", encoding="ascii")
    assert serve(tmp_path, key)["changes"] == ["mx-1: relais"]


def test_a_revoked_certificate_is_listed_and_its_key_refused(tmp_path: Path, key: Any) -> None:
    serial = leaf(serve(tmp_path, key)).serial_number
    with pytest.raises(Refused, match="its key still in use"):
        serve(tmp_path, key, revoked=[f"{serial:X}"])
    done = serve(tmp_path, ec.generate_private_key(ec.SECP256R1()), revoked=[f"{serial:X}"])
    listed = x509.load_pem_x509_crl(done["revocation_list"].encode())
    assert [each.serial_number for each in listed] == [serial]


def test_a_request_that_its_key_did_not_sign_is_refused(tmp_path: Path, key: Any) -> None:
    body = site_key.request(key, NAMES).splitlines()
    body[-2] = body[-2][:-8] + ("AAAA" if body[-2][-8:-4] != "AAAA" else "BBBB") + body[-2][-4:]
    requests = {"mx-1": [{"name": "relais", "dns": NAMES, "addresses": [], "csr": "\n".join(body)}]}
    params: dict[str, Any] = {
        "folder": str(tmp_path),
        "common_name": "A",
        "organization": "B",
        "revoked": [],
        "renew_days": 30,
    }
    with pytest.raises(Refused, match="not signed by its own key"):
        site_authority.serve(Asked(requests=requests, validity_days=397, **params))


def test_an_authority_in_two_halves_is_not_used(tmp_path: Path, key: Any) -> None:
    serve(tmp_path / "one", key)
    serve(tmp_path / "other", key)
    (tmp_path / "one/authority/ca.pem").write_bytes((tmp_path / "other/authority/ca.pem").read_bytes())
    with pytest.raises(Refused, match="restore it from the backup"):
        serve(tmp_path / "one", key)


def test_check_mode_creates_nothing(tmp_path: Path) -> None:
    done = serve(tmp_path, None, check=True)
    assert done["changes"]
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once_and_again_when_it_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_key, "FOLDER", tmp_path)
    asked = Asked(
        certificates=[{"name": "relais", "dns": NAMES, "addresses": [], "group": "root", "reload": []}], revoked=[]
    )
    path = tmp_path / "relais.key"
    assert site_key.requested(asked)["changes"] == [f"{path}: new key"]
    kept = path.read_bytes()
    assert site_key.requested(asked)["changes"] == []
    path.chmod(0o644)
    assert site_key.requested(asked)["changes"] == [f"{path}: permissions"]
    assert path.read_bytes() == kept
    path.write_text("altered", encoding="ascii")
    assert site_key.requested(asked)["changes"] == [f"{path}: new key"]
    assert path.stat().st_mode & 0o777 == 0o640
