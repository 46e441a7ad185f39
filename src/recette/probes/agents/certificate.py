"""A certificate signed by the site's authority on its own host, and not recorded there: for trials only.

Payload: {"folder", "names", "days": [from, to] relative to now, "revoked": [serials, hexadecimal]}. Prints
{"certificate", "key", "serial", "list"}: PEM texts, the last one a revocation list that holds those serials beside the
present ones.
"""

from __future__ import annotations

import json
import site
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

site.main()  # brings back the packages of the distribution, which the isolated interpreter was started without

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

PEM = serialization.Encoding.PEM


def main() -> None:
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = leaf(authority, signer, key, asked["names"], asked["days"])
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    told = {
        "certificate": certificate.public_bytes(PEM).decode(),
        "key": private.decode(),
        "serial": f"{certificate.serial_number:x}",
        "list": revocations(folder, authority, signer, [int(each, 16) for each in asked["revoked"]]),
    }
    json.dump(told, sys.stdout)


def leaf(authority: x509.Certificate, signer: Any, key: Any, names: list[str], days: list[int]) -> x509.Certificate:
    now = datetime.now(timezone.utc)  # noqa: UP017 - a host may have an older Python
    subject = [*authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, names[0]))
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA384())
    )


def revocations(folder: Path, authority: x509.Certificate, signer: Any, serials: list[int]) -> str:
    now = datetime.now(timezone.utc)  # noqa: UP017 - a host may have an older Python
    known = list(x509.load_pem_x509_crl((folder / "crl.pem").read_bytes()))
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=1))
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    for serial in sorted({*serials, *(each.serial_number for each in known)}):
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        )
    return builder.sign(signer, hashes.SHA384()).public_bytes(PEM).decode()


if __name__ == "__main__":
    main()
