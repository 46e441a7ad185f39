#!/usr/bin/python3
"""The part of Proxmox's `ha-manager` that has no equal in its API: to empty a node for its maintenance.

usage: ha-manager crm-command node-maintenance enable|disable NODE
"""

from __future__ import annotations

import subprocess
import sys

STATES = {"enable": "on", "disable": "off"}


def main() -> int:
    """Have Pacemaker move every guest away from a node, or let them come back."""
    words = sys.argv[1:]
    if len(words) != 4 or words[:2] != ["crm-command", "node-maintenance"] or words[2] not in STATES:  # noqa: PLR2004
        sys.stderr.write("usage: ha-manager crm-command node-maintenance enable|disable NODE\n")
        return 255
    order = ["crm_attribute", "--node", words[3], "--name", "standby", "--update", STATES[words[2]]]
    return subprocess.run(order, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
