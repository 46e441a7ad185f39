#!/usr/bin/python3
"""Write several small files of a host in one round trip, with check mode and diff."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: site_files
short_description: Write several small files in one round trip
description:
  - Does what as many template or copy tasks would do, in one task. A task costs more than what it writes.
  - Parent folders are created. Owner and group are those of the connection's user.
options:
  hostname:
    description: Refuse to write anything unless the machine bears this name.
    type: str
    required: true
  files:
    description: Files to write.
    type: list
    elements: dict
    required: true
    options:
      path: {description: Absolute path., type: path, required: true}
      content: {description: Whole content of the file., type: str}
      link: {description: Target of a symbolic link to write instead of a file., type: str}
      mode: {description: Permissions of the file., type: str, default: "0644"}
author: [recette]
"""

EXAMPLES = r"""
- name: Write the files of the base system
  site_files:
    hostname: dc1
    files:
      - {path: /etc/resolv.conf, content: "search fsb.cenexis.example\n"}
      - {path: /etc/localtime, link: /usr/share/zoneinfo/Europe/Paris}
"""

RETURN = r"""
written:
  description: Paths of the files that were changed, or would be in check mode.
  type: list
  returned: always
"""

import platform  # noqa: E402 - Ansible wants the documentation first
import stat  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

FILE_OPTIONS = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "link": {"type": "str"},
    "mode": {"type": "str", "default": "0644"},
}


def state(path: Path) -> tuple[str, str]:
    """What stands at a path: kind and mode, then content or target."""
    if path.is_symlink():
        return "link", str(path.readlink())
    if not path.exists():
        return "absent", ""
    return f"{stat.S_IMODE(path.stat().st_mode):04o}", path.read_text(encoding="utf-8", errors="replace")


def wanted(entry: dict[str, Any]) -> tuple[str, str]:
    """What must stand at the path of an entry, as `state` says it."""
    return ("link", entry["link"]) if entry["link"] is not None else (entry["mode"], entry["content"])


def write(module: AnsibleModule, path: Path, entry: dict[str, Any]) -> None:
    """Replace what stands at the path, at once: a reader sees the old file or the new one."""
    draft = path.with_name(path.name + ".recette")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.unlink(missing_ok=True)
    if entry["link"] is not None:
        draft.symlink_to(entry["link"])
        draft.rename(path)
        return
    draft.touch(mode=0o600)
    draft.write_text(entry["content"], encoding="utf-8")
    if path.is_symlink():
        path.unlink()
    # A container engine may have mounted the file: then only its content can be replaced.
    module.atomic_move(str(draft), str(path), unsafe_writes=path.is_mount())
    path.chmod(int(entry["mode"], 8))


def main() -> None:
    """Compare, then write what differs unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "hostname": {"type": "str", "required": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": FILE_OPTIONS,
                "mutually_exclusive": [("content", "link")],
                "required_one_of": [("content", "link")],
            },
        },
        supports_check_mode=True,
    )
    name = platform.node().split(".")[0]
    if name != module.params["hostname"]:
        module.fail_json(msg=f"this machine is {name}, not {module.params['hostname']}: nothing was written")
    written, diff = [], []
    for entry in module.params["files"]:
        path = entry["path"]
        before, after = state(Path(path)), wanted(entry)
        if before == after:
            continue
        written.append(path)
        diff.append({"before_header": path, "after_header": path, "before": before[1], "after": after[1]})
        if not module.check_mode:
            write(module, Path(path), entry)
    module.exit_json(changed=bool(written), written=written, diff=diff)


if __name__ == "__main__":
    main()
