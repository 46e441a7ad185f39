#!/usr/bin/python3
"""Load an nftables file if the kernel holds another table than the one that it describes."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nft_table
short_description: Load an nftables file when the table in the kernel differs from it
description:
  - Loads the file into an empty network namespace, compares the table there with the one in force, and loads the file
    for good only if they differ. A rule added, removed or changed by hand is thus seen and repaired, and counters are
    kept when nothing has changed.
  - Counters, handles, and the elements of dynamic sets and of those with a timeout are not compared.
options:
  file:
    description: File that replaces the whole table. It must be valid; a file that is absent differs from anything.
    type: path
    required: true
  table:
    description: Family and name of the table.
    type: str
    required: true
author: [recette]
"""

EXAMPLES = r"""
- name: Put the filtering rules in force
  nft_table:
    file: /etc/pare-feu/regles.nft
    table: inet pare_feu
"""

RETURN = r"""
differences:
  description: What the table in force has too much (-) or lacks (+), as nft says it in JSON.
  type: list
  returned: always
"""

import json  # noqa: E402 - Ansible wants the documentation first
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

SCRATCH = 'nft -f "$1" && exec nft --json --stateless list table "$2" "$3"'


def comparable(listing: str) -> list[str]:
    """The objects of a table, one text each, without what changes by itself; order matters for rules only."""
    objects = [item for item in json.loads(listing or '{"nftables": []}')["nftables"] if "metainfo" not in item]
    texts = [(("rule" in item), json.dumps(canonical(item), sort_keys=True)) for item in objects]
    return sorted(text for is_rule, text in texts if not is_rule) + [text for is_rule, text in texts if is_rule]


def canonical(value: Any, key: str = "") -> Any:
    """A value without handles nor volatile elements; the kernel lists the elements of a set in no particular order."""
    if isinstance(value, dict):
        ignored = {"handle", "elem"} if {"dynamic", "timeout"} & set(value.get("flags", [])) else {"handle"}
        return {name: canonical(each, name) for name, each in value.items() if name not in ignored}
    if isinstance(value, list):
        items = [canonical(each) for each in value]
        return sorted(items, key=json.dumps) if key in {"elem", "set"} else items
    return value


def differences(before: list[str], after: list[str]) -> list[str]:
    """What must go (-) and what must come (+); rules that only moved are told as such."""
    gone = [f"- {item}" for item in before if item not in after]
    come = [f"+ {item}" for item in after if item not in before]
    if before != after and not gone and not come:
        return ["rules are in another order, or repeated"]
    return gone + come


def main() -> None:
    """Compare, then load unless in check mode."""
    module = AnsibleModule(
        argument_spec={"file": {"type": "path", "required": True}, "table": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    file, table = module.params["file"], module.params["table"].split()
    if not Path(file).exists():
        module.exit_json(changed=True, differences=[f"{file} does not exist yet"])
    code, wanted, complaint = module.run_command(["unshare", "--net", "sh", "-c", SCRATCH, "sh", file, *table])
    if code:
        module.fail_json(msg=f"{file} cannot be loaded: {complaint.strip()}")
    _, live, _ = module.run_command(["nft", "--json", "--stateless", "list", "table", *table])
    found = differences(comparable(live), comparable(wanted))
    if found and not module.check_mode:
        module.run_command(["nft", "-f", file], check_rc=True)
    text = {"before": "\n".join(comparable(live)) + "\n", "after": "\n".join(comparable(wanted)) + "\n"}
    module.exit_json(changed=bool(found), differences=found, diff=text)


if __name__ == "__main__":
    main()
