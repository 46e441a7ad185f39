#!/usr/bin/python3
"""Make a host a member of an Active Directory domain, unless it is one that the domain still knows."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: poste_domaine
short_description: Join an Active Directory domain
description:
  - Asks a controller whether the secret of the host still opens the domain (C(adcli testjoin)); joins if it does not.
    A lost keytab, or an account that was removed or disabled, is thus seen and repaired.
  - The controllers are tried in their order. It fails when none answers.
options:
  realm:
    description: Kerberos realm.
    type: str
    required: true
  controllers:
    description: Full names of the controllers.
    type: list
    elements: str
    required: true
  fqdn:
    description: Full name of the host; the first word is the name of its account, of 15 characters at most.
    type: str
    required: true
  unit:
    description: Distinguished name of the unit where the account is made; that of the domain when empty.
    type: str
    default: ""
  user:
    description: Account that may join.
    type: str
    required: true
  password:
    description: Its password.
    type: str
    required: true
author: [recette]
"""

EXAMPLES = r"""
- name: Join the domain
  poste_domaine:
    realm: AD.CENEXIS.EXAMPLE
    controllers: [dc1.ad.cenexis.example, dc2.ad.cenexis.example]
    fqdn: poste-b25.fsb.cenexis.example
    user: svc-jonction
    password: "{{ lookup('recette_secret', 'annuaire/svc-jonction') }}"
"""

RETURN = r"""
controller:
  description: Controller that knows the host, or has just joined it.
  type: str
  returned: when not in check mode
"""

from typing import Any  # noqa: E402 - Ansible wants the documentation first

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

LONGEST_NAME = 15


def member_of(module: AnsibleModule, asked: dict[str, Any]) -> str | None:
    """The first controller that accepts the secret of the host."""
    for controller in asked["controllers"]:
        domain = asked["realm"].lower()
        code, _, _ = module.run_command(
            ["adcli", "testjoin", f"--domain={domain}", f"--domain-controller={controller}"]
        )
        if code == 0:
            return str(controller)
    return None


def join(module: AnsibleModule, asked: dict[str, Any]) -> str:
    """Join by the first controller that accepts; fails with what each one said."""
    said = []
    for controller in asked["controllers"]:
        code, _, complaint = module.run_command(
            [
                "adcli",
                "join",
                f"--domain={asked['realm'].lower()}",
                f"--domain-realm={asked['realm']}",
                f"--domain-controller={controller}",
                f"--host-fqdn={asked['fqdn']}",
                f"--computer-name={asked['fqdn'].split('.')[0].upper()}",
                *([f"--domain-ou={asked['unit']}"] if asked["unit"] else []),
                f"--login-user={asked['user']}",
                "--stdin-password",
            ],
            data=asked["password"],
            binary_data=True,
        )
        if code == 0:
            return str(controller)
        said.append(f"{controller}: {complaint.strip()}")
    module.fail_json(msg="no controller accepted the host: " + "; ".join(said))
    raise AssertionError("fail_json does not return")


def main() -> None:
    """Ask, then join unless in check mode."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "realm": text,
            "controllers": {"type": "list", "elements": "str", "required": True},
            "fqdn": text,
            "unit": {"type": "str", "default": ""},
            "user": text,
            "password": {**text, "no_log": True},
        },
        supports_check_mode=True,
    )
    name = module.params["fqdn"].split(".")[0]
    if len(name) > LONGEST_NAME:
        module.fail_json(msg=f"{name} is too long for the account of a host: {LONGEST_NAME} characters at most")
    known = member_of(module, module.params)
    if known or module.check_mode:
        module.exit_json(changed=not known, controller=known)
    module.exit_json(changed=True, controller=join(module, module.params))


if __name__ == "__main__":
    main()
