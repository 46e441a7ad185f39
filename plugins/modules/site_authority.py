#!/usr/bin/python3
"""Keep the certificate authority of a site: create it, sign, revoke."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: site_authority
short_description: Certificate authority of a site
description:
  - Creates the authority (EC P-384, ten years) if there is none.
  - Gives each request the certificate that was issued for it before, as long as its key and its names are the same, and
    it is neither revoked nor near its end; else signs a new one. So a certificate that was altered or lost comes back
    unchanged.
  - Names come from the caller, who knows what a host may be called; a request only proves that the host has the key.
  - Keeps a revocation list, signed again when it changes or nears its end.
options:
  hostname:
    description: Refuse to write anything unless the machine bears this name.
    type: str
    required: true
  folder:
    description: Folder of the authority, for root only.
    type: path
    required: true
  common_name:
    description: Name of the authority.
    type: str
    required: true
  organization:
    description: Organization of every certificate.
    type: str
    required: true
  requests:
    description: For each host, the requests that C(site_key) returned.
    type: dict
    default: {}
  validity_days:
    description: Life of a certificate.
    type: int
    default: 397
  renew_days:
    description: Days before its end when a certificate is renewed.
    type: int
    default: 30
  revoked:
    description: Serial numbers (hexadecimal) of the revoked certificates.
    type: list
    elements: str
    default: []
author: [recette]
"""

EXAMPLES = r"""
- name: Sign what the hosts ask for
  site_authority:
    hostname: bastion
    folder: /etc/site-pki/authority
    common_name: Autorité du site
    organization: CENEXIS
    requests: {mx-1: [{name: relais, dns: [mx.cenexis.example], csr: "-----BEGIN CERTIFICATE REQUEST-----…"}]}
"""

RETURN = r"""
authority:
  description: Certificate of the authority, in PEM; empty in check mode, when there is none yet.
  type: str
  returned: always
revocation_list:
  description: Revocation list, in PEM.
  type: str
  returned: always
issued:
  description: For each host, the certificate (then its chain) of each name, in PEM.
  type: dict
  returned: always
changes:
  description: What was created or signed, or would be in check mode.
  type: list
  returned: always
"""

import platform  # noqa: E402 - Ansible wants the documentation first
from datetime import datetime, timedelta, timezone  # noqa: E402
from ipaddress import ip_address  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: E402

PEM = serialization.Encoding.PEM
ROOT_DAYS = 3653
LIST_DAYS = 90
LIST_RENEW_DAYS = 30
BACKDATED = timedelta(hours=1)  # a host whose clock is late must not refuse a new certificate
EXTENSIONS = ("digital_signature", "key_cert_sign", "crl_sign")
UNUSED = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")


def now() -> datetime:
    """The present, to the second, as certificates count it."""
    return datetime.now(timezone.utc).replace(microsecond=0)  # noqa: UP017 - a host may have an older Python


def usage(*allowed: str) -> x509.KeyUsage:
    """A key usage that allows just this."""
    flags = {each: each in allowed for each in EXTENSIONS + UNUSED}
    return x509.KeyUsage(**flags, encipher_only=False, decipher_only=False)


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file at once; its permissions are right before it holds anything."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".recette")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.chmod(mode)
    draft.write_bytes(content)
    draft.rename(path)


class Authority:
    """The authority of a folder; everything it issued is kept beside its key."""

    def __init__(self, folder: Path, organization: str) -> None:
        self.folder = folder
        self.organization = organization
        self.key: ec.EllipticCurvePrivateKey | None = None
        self.certificate: x509.Certificate | None = None

    def load(self) -> bool:
        """Read the authority; False if there is none. Raises if its two files do not go together."""
        if not (self.folder / "ca.key").exists():
            return False
        key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.folder}/ca.key is not an elliptic curve key")
        self.key = key
        self.certificate = x509.load_pem_x509_certificate((self.folder / "ca.pem").read_bytes())
        if self.certificate.public_key() != key.public_key():
            raise ValueError(f"{self.folder}/ca.pem is not the certificate of ca.key: restore it from the backup")
        return True

    def protect(self, *, check: bool) -> list[str]:
        """Give the folder and the key back to root alone."""
        wrong = []
        for path, mode in ((self.folder, 0o700), (self.folder / "ca.key", 0o600)):
            if path.exists() and (path.stat().st_mode & 0o7777, path.stat().st_uid) != (mode, 0):
                wrong.append(f"{path}: permissions")
                if not check:
                    path.chmod(mode)
        return wrong

    def create(self, common_name: str) -> None:
        """Draw the key and sign the root. The certificate is written first: a key on disk always has its own."""
        self.key = ec.generate_private_key(ec.SECP384R1())
        name = self.name(common_name)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.certificate = (
            self.builder(name, self.key.public_key(), ROOT_DAYS)
            .issuer_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(identifier, critical=False)
            .sign(self.key, hashes.SHA384())
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(self.folder / "ca.pem", self.certificate.public_bytes(PEM), 0o644)
        private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write(self.folder / "ca.key", self.key.private_bytes(PEM, *private))

    def name(self, common_name: str) -> x509.Name:
        attributes = ((NameOID.ORGANIZATION_NAME, self.organization), (NameOID.COMMON_NAME, common_name))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])

    def builder(self, name: x509.Name, key: Any, days: int) -> x509.CertificateBuilder:
        """What every certificate has: a subject, a key, a serial number drawn at random, a life."""
        start = now() - BACKDATED
        builder = x509.CertificateBuilder().subject_name(name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(start).not_valid_after(start + timedelta(days=days))

    def sign(self, key: Any, names: list[str], addresses: list[str], days: int) -> x509.Certificate:
        """A certificate of a site's service, for both ends of a TLS session."""
        assert self.key
        assert self.certificate
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        issuer = self.key.public_key()
        borne = [x509.DNSName(each) for each in names] + [x509.IPAddress(ip_address(each)) for each in addresses]
        return (
            self.builder(self.name(names[0]), key, days)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(borne), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
            .sign(self.key, hashes.SHA384())
        )

    def list_revoked(self, revoked: set[int], *, check: bool) -> tuple[str, bool]:
        """The revocation list, and whether it had to be signed."""
        path = self.folder / "crl.pem"
        if path.exists():
            known = x509.load_pem_x509_crl(path.read_bytes())
            left = known.next_update_utc - now() if known.next_update_utc else timedelta(0)
            assert self.key
            signed = known.is_signature_valid(self.key.public_key())
            if signed and {each.serial_number for each in known} == revoked and left > timedelta(days=LIST_RENEW_DAYS):
                return path.read_text(encoding="ascii"), False
        if check:
            return "", True
        write(path, self._sign_list(revoked, path), 0o644)
        return path.read_text(encoding="ascii"), True

    def _sign_list(self, revoked: set[int], before: Path) -> bytes:
        """A list that keeps the dates of the former one."""
        assert self.key
        assert self.certificate
        known = list(x509.load_pem_x509_crl(before.read_bytes())) if before.exists() else []
        dates = {each.serial_number: each.revocation_date_utc for each in known}
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now() - BACKDATED)
            .next_update(now() + timedelta(days=LIST_DAYS))
            .add_extension(x509.CRLNumber(int(now().timestamp())), critical=False)
            .add_extension(authority, critical=False)
        )
        for serial in sorted(revoked):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(dates.get(serial, now()))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA384()).public_bytes(PEM)


def issued_before(path: Path, authority: x509.Certificate) -> x509.Certificate | None:
    """What this authority issued for a name; None if nothing, or if the record was altered."""
    if not path.exists():
        return None
    try:
        known = x509.load_pem_x509_certificate(path.read_bytes())
        known.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return None
    return known


def fits(known: x509.Certificate, key: Any, asked: dict[str, Any], renew_days: int) -> bool:
    """Whether a certificate issued before still answers a request: same key, same names and addresses, life left."""
    borne = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left = known.not_valid_after_utc - now()
    return (
        known.public_key() == key
        and borne.get_values_for_type(x509.DNSName) == asked["dns"]
        and [str(each) for each in borne.get_values_for_type(x509.IPAddress)] == asked["addresses"]
        and left > timedelta(days=renew_days)
    )


def main() -> None:
    """Create what is missing, sign what is asked for, and tell what was done."""
    module = AnsibleModule(
        argument_spec={
            "hostname": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "common_name": {"type": "str", "required": True},
            "organization": {"type": "str", "required": True},
            "requests": {"type": "dict", "default": {}},
            "validity_days": {"type": "int", "default": 397},
            "renew_days": {"type": "int", "default": 30},
            "revoked": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    name = platform.node().split(".")[0]
    if name != module.params["hostname"]:
        module.fail_json(msg=f"this machine is {name}, not {module.params['hostname']}: nothing was written")
    done = serve(module)
    module.exit_json(changed=bool(done["changes"]), **done)


def serve(module: AnsibleModule) -> dict[str, Any]:
    """Answer the requests of every host."""
    wanted = module.params
    authority = Authority(Path(wanted["folder"]), wanted["organization"])
    changes: list[str] = []
    try:
        exists = authority.load()
    except (ValueError, TypeError, OSError) as error:
        module.fail_json(msg=str(error))
    if not exists:
        changes.append(f"{authority.folder}: new authority")
        if module.check_mode:
            return {"changes": changes, "authority": "", "revocation_list": "", "issued": {}}
        authority.create(wanted["common_name"])
    changes += authority.protect(check=module.check_mode)
    assert authority.certificate
    issued = {
        host: {each["name"]: answer(module, authority, host, each, changes) for each in requests}
        for host, requests in wanted["requests"].items()
    }
    revoked = {int(each, 16) for each in wanted["revoked"]}
    revocation_list, signed = authority.list_revoked(revoked, check=module.check_mode)
    changes += ["revocation list"] if signed else []
    root = authority.certificate.public_bytes(PEM).decode("ascii")
    return {"changes": changes, "authority": root, "revocation_list": revocation_list, "issued": issued}


def answer(module: AnsibleModule, authority: Authority, host: str, asked: dict[str, Any], changes: list[str]) -> str:
    """The certificate of one request, then its chain, in PEM; adds to the changes when it had to be signed."""
    path = authority.folder / "issued" / f"{host}.{asked['name']}.pem"
    if not asked["csr"]:  # check mode: the key itself does not exist yet
        changes.append(f"{host}: {asked['name']}")
        return ""
    request = x509.load_pem_x509_csr(asked["csr"].encode("ascii"))
    if not request.is_signature_valid:
        module.fail_json(msg=f"{host}: the request for {asked['name']} is not signed by its own key")
    assert authority.certificate
    key = request.public_key()
    known = issued_before(path, authority.certificate)
    revoked = known is not None and known.serial_number in {int(each, 16) for each in module.params["revoked"]}
    if known and revoked and known.public_key() == key:
        module.fail_json(msg=f"{host}: the certificate {asked['name']} is revoked and its key still in use: remove it")
    if known is None or revoked or not fits(known, key, asked, module.params["renew_days"]):
        changes.append(f"{host}: {asked['name']}")
        if module.check_mode:
            return ""
        signed = authority.sign(key, asked["dns"], asked["addresses"], module.params["validity_days"])
        write(path, signed.public_bytes(PEM), 0o644)
    return path.read_text(encoding="ascii") + authority.certificate.public_bytes(PEM).decode("ascii")


if __name__ == "__main__":
    main()
