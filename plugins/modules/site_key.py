#!/usr/bin/python3
"""Keep the private keys of a host, ask for their certificates, and put certificates in place."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: site_key
short_description: Keys and certificates of a host
description:
  - With C(state=requested), makes the missing keys and returns a request for each; a key never leaves the host.
  - With C(state=installed), writes the certificates and the trust anchor that C(site_authority) returned, trusts the
    anchor in the system store, and reloads the running services whose certificate changed.
options:
  hostname:
    description: Refuse to write anything unless the machine bears this name.
    type: str
    required: true
  state:
    description: What to do.
    type: str
    choices: [requested, installed]
    required: true
  certificates:
    description: Certificates that the host must have.
    type: list
    elements: dict
    default: []
    options:
      name: {description: Name of the files, type: str, required: true}
      dns: {description: Names that the certificate bears., type: list, elements: str, required: true}
      addresses: {description: IP addresses that it bears beside., type: list, elements: str, default: []}
      group: {description: Group that may read the key., type: str, default: root}
      reload: {description: Units to reload upon a new certificate., type: list, elements: str, default: []}
  revoked:
    description: Serial numbers (hexadecimal) of the revoked certificates; a key that has one is made again.
    type: list
    elements: str
    default: []
  issued:
    description: Certificate of each name, then its chain, in PEM.
    type: dict
    default: {}
  authority:
    description: Certificate of the authority, in PEM; empty in check mode, when there is none yet.
    type: str
    default: ""
  revocation_list:
    description: Revocation list of the authority, in PEM.
    type: str
    default: ""
author: [recette]
"""

EXAMPLES = r"""
- name: Make the missing keys
  site_key:
    hostname: mx-1
    state: requested
    certificates: [{name: relais, dns: [mx.cenexis.example], reload: [postfix.service]}]
"""

RETURN = r"""
requests:
  description: >-
    Name, DNS names, addresses and signing request (PEM) of each certificate; no request in check mode without key.
  type: list
  returned: with C(state=requested)
changes:
  description: What was changed, or would be in check mode.
  type: list
  returned: always
"""

import grp  # noqa: E402 - Ansible wants the documentation first
import os  # noqa: E402
import platform  # noqa: E402
import stat  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

FOLDER = Path("/etc/site-pki")
ANCHOR = Path("/usr/local/share/ca-certificates/site.crt")
STORE = Path("/etc/ssl/certs/ca-certificates.crt")
KEY_MODE = 0o640


def key_at(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """The private key of a file; None if it is missing or is not one."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def is_revoked(path: Path, revoked: list[str]) -> bool:
    """Whether the certificate of a file is one of those revoked."""
    try:
        serial = x509.load_pem_x509_certificate(path.read_bytes()).serial_number
    except (FileNotFoundError, ValueError):
        return False
    return serial in {int(each, 16) for each in revoked}


def request(key: ec.EllipticCurvePrivateKey, names: list[str]) -> str:
    """A signing request: it proves that the host holds the key; the authority takes nothing else from it."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    built = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.PEM).decode("ascii")


def write(path: Path, content: bytes, mode: int, group: int) -> None:
    """Replace a file at once; its permissions are right before it holds anything."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".recette")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    os.chown(draft, 0, group)
    draft.chmod(mode)
    draft.write_bytes(content)
    draft.rename(path)


def is_as(path: Path, content: bytes, mode: int, group: int) -> bool:
    """Whether a file has this content, these permissions, and belongs to root and the group."""
    if path.is_symlink() or not path.is_file():
        return False
    found = path.stat()
    return (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (mode, 0, group) and (
        path.read_bytes() == content
    )


def requested(module: AnsibleModule) -> dict[str, Any]:
    """Make the keys that are missing, unreadable or revoked, and ask for a certificate for each."""
    requests, changes = [], []
    for each in module.params["certificates"]:
        path = FOLDER / f"{each['name']}.key"
        group = grp.getgrnam(each["group"]).gr_gid
        key = key_at(path)
        if key is None or is_revoked(path.with_suffix(".pem"), module.params["revoked"]):
            changes.append(f"{path}: new key")
            key = None if module.check_mode else ec.generate_private_key(ec.SECP256R1())
        elif not is_as(path, path.read_bytes(), KEY_MODE, group):
            changes.append(f"{path}: permissions")
        if changes and changes[-1].startswith(f"{path}:") and key and not module.check_mode:
            private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            write(path, key.private_bytes(serialization.Encoding.PEM, *private), KEY_MODE, group)
        borne = {name: each[name] for name in ("name", "dns", "addresses")}
        requests.append(borne | {"csr": request(key, each["dns"]) if key else ""})
    return {"requests": requests, "changes": changes}


def installed(module: AnsibleModule) -> dict[str, Any]:
    """Write what differs, then tell those who must know: the system store, and the services."""
    authority = module.params["authority"].encode("ascii")
    files = {
        FOLDER / "ca.pem": authority,
        FOLDER / "crl.pem": module.params["revocation_list"].encode("ascii"),
        ANCHOR: authority,
    }
    units: set[str] = set()
    for each in module.params["certificates"]:
        files[FOLDER / f"{each['name']}.pem"] = module.params["issued"].get(each["name"], "").encode("ascii")
    wrong = [path for path, content in files.items() if not is_as(path, content, 0o644, 0)]
    for each in module.params["certificates"]:
        if FOLDER / f"{each['name']}.pem" in wrong:
            units.update(each["reload"])
    changes = [str(path) for path in wrong]
    if not module.check_mode:
        for path in wrong:
            write(path, files[path], 0o644, 0)
    if ANCHOR in wrong or authority.strip() not in STORE.read_bytes():
        changes.append(str(STORE))
        if not module.check_mode:
            module.run_command(["update-ca-certificates"], check_rc=True)
    if units and not module.check_mode:
        changes += reload_running(module, sorted(units))
    return {"changes": changes}


def reload_running(module: AnsibleModule, units: list[str]) -> list[str]:
    """Reload, or restart, the units that run; the others will read the new files when they start."""
    listing = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", *units]
    running = [line.split()[0] for line in module.run_command(listing, check_rc=True)[1].splitlines()]
    if running:
        module.run_command(["systemctl", "try-reload-or-restart", *running], check_rc=True)
    return running


def main() -> None:
    """Do what the state asks, and tell what was changed."""
    module = AnsibleModule(
        argument_spec={
            "hostname": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["requested", "installed"], "required": True},
            "certificates": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "dns": {"type": "list", "elements": "str", "required": True},
                    "addresses": {"type": "list", "elements": "str", "default": []},
                    "group": {"type": "str", "default": "root"},
                    "reload": {"type": "list", "elements": "str", "default": []},
                },
            },
            "revoked": {"type": "list", "elements": "str", "default": []},
            "issued": {"type": "dict", "default": {}},
            "authority": {"type": "str", "default": ""},
            "revocation_list": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    name = platform.node().split(".")[0]
    if name != module.params["hostname"]:
        module.fail_json(msg=f"this machine is {name}, not {module.params['hostname']}: nothing was written")
    done = (requested if module.params["state"] == "requested" else installed)(module)
    module.exit_json(changed=bool(done["changes"]), **done)


if __name__ == "__main__":
    main()
