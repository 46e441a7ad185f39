"""Certificates as somebody dishonest, careless or robbed would hold them, and the revocations that answer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.probes.agents import source as agent
from recette.shell import Remote
from recette.site import Site

DRIVER = "revocations"
FOLDER, LIST = "/etc/site-pki/authority", "/etc/site-pki/crl.pem"
"""Where role pki keeps the authority, and the list that every host holds."""
PRESENTED = "/etc/swanctl/x509/site.pem"
PEM = serialization.Encoding.PEM
VALID, EXPIRED = (-1, 30), (-30, -1)
"""Days from now."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its key, in PEM. `serial` is in hexadecimal."""

    certificate: str
    key: str
    serial: str


class Authority:
    """The site's authority, asked outside the automation."""

    def __init__(self, site: Site, remote: Remote, journal: Journal) -> None:
        self._site = site
        self._remote = remote
        self._journal = journal

    @property
    def host(self) -> str:
        """The host that keeps the authority."""
        return str(self._site.variables["pki_authority_host"])

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {DRIVER: {"restore": self.restore}}

    def sign(self, name: str, days: tuple[int, int] = VALID) -> Credential:
        """A certificate of the site that nobody recorded."""
        told = self._ask([name], days, ())
        return Credential(told["certificate"], told["key"], told["serial"])

    @contextmanager
    def revoked(self, serial: str) -> Iterator[None]:
        """Put a list that holds this serial number on both members of level 1; the former list comes back."""
        hosts = [host.name for host in self._site.hosts.values() if host.level == 1]
        published = self._ask(["essai"], VALID, [serial])["list"]
        undo = [Act(driver=DRIVER, verb="restore", args=(host,)) for host in hosts]
        with undone(self._journal, "certificats révoqués", hosts, undo, self.verbs()):
            for host in hosts:
                self._write(host, published)
            yield

    def serial(self, host: str) -> str:
        """Serial number, in hexadecimal, of the certificate that a host presents in IKE."""
        shown = self._remote.run(host, f"openssl x509 -in {PRESENTED} -noout -serial")
        if shown.rc != 0:
            raise Inconclusive(f"{host} : certificat illisible ({shown.stderr.strip()})")
        return shown.stdout.strip().removeprefix("serial=")

    def restore(self, host: str) -> None:
        """Give a host the list of the authority again."""
        done = self._remote.run(self.host, f"cat {FOLDER}/crl.pem")
        if done.rc != 0:
            raise Inconclusive(f"{self.host} : liste de révocation illisible ({done.stderr.strip()})")
        self._write(host, done.stdout)

    def _write(self, host: str, text: str) -> None:
        done = self._remote.run(host, f"printf %s {shlex.quote(text)} >{LIST}.new && mv {LIST}.new {LIST}")
        if done.rc != 0:
            raise Inconclusive(f"{host} : liste de révocation non écrite ({done.stderr.strip()})")

    def _ask(self, names: list[str], days: tuple[int, int], revoked: Sequence[str]) -> dict[str, str]:
        asked = {"folder": FOLDER, "names": names, "days": list(days), "revoked": list(revoked)}
        told: dict[str, str] = self._remote.python(self.host, agent("certificate"), asked)
        return told


def foreign(name: str, authority: x509.Name) -> Credential:
    """A certificate with the names of the site, signed by an authority that only calls itself the site's."""
    signer, key, now = (
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256R1()),
        datetime.now(UTC),
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(signer, hashes.SHA384())
    )
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    serial = f"{certificate.serial_number:x}"
    return Credential(certificate.public_bytes(PEM).decode(), private.decode(), serial)
