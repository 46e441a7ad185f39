#!/usr/bin/python3
"""Make a host a domain controller: it joins whoever serves the domain already, or creates it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: annuaire_domaine
short_description: Create an Active Directory domain, or join it as one more controller
description:
  - Does nothing on a host that is a controller already.
  - Otherwise joins the first of the other servers that answers for the domain; a directory that one of them still
    holds is thus never created anew. When none answers, the host creates the domain if C(create) says so.
  - Reads F(/etc/samba/smb.conf), which must name the realm and the host. A creation or a joining that was interrupted
    is begun again.
options:
  realm: {description: Realm of the domain., type: str, required: true}
  netbios: {description: Short name of the domain., type: str, required: true}
  address: {description: Address of the host., type: str, required: true}
  others: {description: Addresses of the other servers., type: list, elements: str, required: true}
  create: {description: Whether this host creates the domain when nobody serves it., type: bool, required: true}
  admin_password: {description: Password of Administrator., type: str, required: true}
author: [recette]
"""

EXAMPLES = r"""
- name: Create the domain, or join it
  annuaire_domaine:
    realm: AD.CENEXIS.EXAMPLE
    netbios: CENEXIS
    address: 10.94.30.11
    others: [10.94.30.12]
    create: true
    admin_password: "{{ annuaire_admin_password }}"
"""

RETURN = r"""
done:
  description: What was done, or would be in check mode (created, joined); empty when nothing.
  type: str
  returned: always
"""

import os  # noqa: E402 - Ansible wants the documentation first
import platform  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402

from ansible.module_utils.annuaire import PRIVATE, open_database  # noqa: E402
from ansible.module_utils.basic import AnsibleModule  # noqa: E402

STATE = PRIVATE.parent
UNFINISHED = STATE / "annuaire-inacheve"
LDAP = 389
ATTEMPTS, PAUSE_S = 120, 0.5
"""How long to wait for a server: it may have been started just now."""


def is_controller() -> bool:
    """Whether the host holds a directory, whole."""
    return (PRIVATE / "sam.ldb").exists() and not UNFINISHED.exists()


def forget() -> None:
    """Remove what an interrupted creation or joining left."""
    for path in (PRIVATE, STATE / "sysvol", STATE / "bind-dns"):
        shutil.rmtree(path, ignore_errors=True)
    for path in STATE.glob("*.tdb"):
        path.unlink()
    PRIVATE.mkdir(mode=0o755)


def serving(others: list[str], realm: str, attempts: int) -> str | None:
    """Name of the first controller found at the addresses that serves the domain, or None after so many rounds."""
    from samba.credentials import Credentials
    from samba.dcerpc import nbt
    from samba.net import Net
    from samba.param import LoadParm

    parameters, nobody = LoadParm(), Credentials()
    parameters.load_default()
    nobody.set_anonymous()
    network = Net(nobody, parameters)
    for attempt in range(attempts):
        for address in others:
            try:
                found = network.finddc(address=address, flags=nbt.NBT_SERVER_LDAP | nbt.NBT_SERVER_DS)
                # It says its name before it answers to anything else.
                socket.create_connection((address, LDAP), timeout=PAUSE_S).close()
            except (RuntimeError, OSError):
                continue
            if found.dns_domain.lower() == realm.lower():
                return str(found.pdc_dns_name)
        if attempt + 1 < attempts:
            time.sleep(PAUSE_S)
    return None


def samba_tool(module: AnsibleModule, *arguments: str, check: bool = True) -> tuple[int, str]:
    """Run samba-tool, and give its exit code and output.

    The password stands in the environment, not in the list of processes.
    """
    environment = {"PASSWD": module.params["admin_password"]}
    code, output, _ = module.run_command(["samba-tool", *arguments], check_rc=check, environ_update=environment)
    return code, str(output)


def build(module: AnsibleModule, *arguments: str) -> None:
    """Make the database, again where the service that is asked is not wholly up yet, as after its start.

    Nothing reads the database before it is whole: it is written without waiting for the disk at each step.
    """
    for last in (False, False, True):
        forget()
        code, _ = samba_tool(module, "domain", *arguments, "--option=ldb:nosync=true", check=last)
        if code == 0:
            return
        time.sleep(PAUSE_S)


def create(module: AnsibleModule) -> None:
    """Create the domain, and give Administrator his password."""
    names = [f"--realm={module.params['realm']}", f"--domain={module.params['netbios']}"]
    names.append(f"--host-ip={module.params['address']}")
    build(module, "provision", *names, "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", "--function-level=2016")
    open_database().setpassword("(sAMAccountName=Administrator)", module.params["admin_password"])
    add_names(module)


def join(module: AnsibleModule, server: str) -> None:
    """Join the domain that a server serves; what the domain had of a former host of this name is replaced.

    That includes the roles that one controller has alone: without them nobody numbers new accounts.
    """
    realm = module.params["realm"]
    _, owners = samba_tool(module, "fsmo", "show", f"--URL=ldap://{server}", "--username=Administrator")
    build(module, "join", realm, "DC", f"--server={server}", "-U", "Administrator", "--dns-backend=SAMBA_INTERNAL")
    add_names(module)
    if re.search(rf"CN={platform.node().split('.')[0]}[,\\]", owners, re.IGNORECASE):
        samba_tool(module, "fsmo", "seize", "--role=all", "--force")


def add_names(module: AnsibleModule) -> None:
    """Add the names under which the controller replicates, and serves LDAP to those who prove who they are by Kerberos.

    The service does it itself, late, and not at all if that takes 20 s, as on a loaded machine.
    """
    module.run_command(["samba_spnupdate"], check_rc=True)


def main() -> None:
    """Look whether the host is a controller, make it one unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "realm": {"type": "str", "required": True},
            "netbios": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "others": {"type": "list", "elements": "str", "required": True},
            "create": {"type": "bool", "required": True},
            "admin_password": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    if is_controller():
        module.exit_json(changed=False, done="")
    if module.check_mode:
        module.exit_json(changed=True, done="created" if module.params["create"] else "joined")
    server = serving(module.params["others"], module.params["realm"], 1 if module.params["create"] else ATTEMPTS)
    if server is None and not module.params["create"]:
        module.fail_json(msg=f"nobody serves {module.params['realm']} among {', '.join(module.params['others'])}")
    UNFINISHED.touch()
    if server is None:
        create(module)
    else:
        join(module, server)
    os.sync()
    UNFINISHED.unlink()
    module.exit_json(changed=True, done="joined" if server else "created")


if __name__ == "__main__":
    main()
