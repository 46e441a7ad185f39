#!/usr/bin/python3
"""Make, configure and keep the guests of a cluster through the interface of Proxmox VE."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pve_guests
short_description: Guests and rules of a Proxmox VE cluster
description:
  - Clones the guests that are missing from a template, configures them, has the high availability keep them, and
    declares which of them stay apart or together. Speaks the interface of Proxmox VE 9, nothing else.
  - A guest that runs is not configured anew; one that would have to be is told as an error.
  - Guests and rules that are not declared are left alone.
options:
  url: {description: Address of a node, type: str, required: true}
  trust: {description: Certificates of the authorities of the nodes., type: path, required: true}
  token: {description: User and name of the token, as C(recette@pve!roles)., type: str, required: true}
  value: {description: Value of the token., type: str, required: true}
  template: {description: Identifier of the template., type: int, required: true}
  guests:
    description: Guests that must be there, and run.
    type: list
    elements: dict
    required: true
    options:
      vmid: {description: Identifier., type: int, required: true}
      name: {description: Name., type: str, required: true}
      memory: {description: Memory in MiB., type: int, default: 96}
      ipconfig0: {description: Address and gateway., type: str, required: true}
  rules:
    description: Guests that stay apart (negative) or together (positive).
    type: list
    elements: dict
    default: []
    options:
      rule: {description: Name., type: str, required: true}
      affinity: {description: Which of both., type: str, choices: [negative, positive], required: true}
      guests: {description: Their identifiers., type: list, elements: int, required: true}
author: [recette]
"""

EXAMPLES = r"""
- name: Keep a guest
  pve_guests:
    url: https://pve1.fsb.cenexis.example:8006
    trust: /etc/site-pki/ca.pem
    token: recette@pve!roles
    value: "{{ token }}"
    template: 9000
    guests: [{vmid: 100, name: invite-web, ipconfig0: "ip=10.94.41.100/24,gw=10.94.41.1"}]
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode.
  type: list
  returned: always
"""

import json  # noqa: E402 - Ansible wants the documentation first
import ssl  # noqa: E402
import time  # noqa: E402
import urllib.error  # noqa: E402
import urllib.parse  # noqa: E402
import urllib.request  # noqa: E402
from collections.abc import Callable, Mapping  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

CALL_S, TASK_S, POLL_S = 60.0, 300.0, 0.5
HELD, RUNNING = "/cluster/ha/resources", {"state": "started"}
CONFIGURED = ("name", "memory", "ipconfig0")

Words = dict[str, Any]


class PveError(Exception):
    """The interface refuses, or a task failed."""


class Api:
    """Calls with one token."""

    def __init__(self, url: str, trust: str, token: str, value: str) -> None:
        self._url = f"{url}/api2/json"
        self._context = ssl.create_default_context(cafile=trust)
        self._headers = {"Authorization": f"PVEAPIToken={token}={value}"}

    def __call__(self, method: str, path: str, words: Mapping[str, Any] | None = None) -> Any:
        """What is answered. Raises PveError with the reason that was given."""
        body = urllib.parse.urlencode(words).encode() if words else None
        # The address is an option of the module.
        request = urllib.request.Request(self._url + path, body, self._headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=CALL_S, context=self._context) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise PveError(f"{method} {path}: {error.code} {error.reason} {error.read().decode()}") from error
        except OSError as error:
            raise PveError(f"{method} {path}: {error}") from error


class Cluster:
    """Brings guests and rules to what is declared; `changes` tells what differed."""

    def __init__(self, api: Callable[..., Any], *, check: bool) -> None:
        self._api, self._check = api, check
        self.changes: list[str] = []

    def bring(self, template: int, guests: list[Words], rules: list[Words]) -> None:
        """Guests first: a rule is about guests that are kept. Then they start, where the rules let them."""
        found = {each["vmid"]: each for each in self._api("GET", "/cluster/resources?type=vm")}
        held = {each["sid"]: each for each in self._api("GET", HELD)}
        for guest in guests:
            if guest["vmid"] not in found:
                self._change(f"guest {guest['vmid']} made", lambda one=guest: self._make(one, template, found))
            else:
                self._configure(guest, found[guest["vmid"]])
            if f"vm:{guest['vmid']}" not in held:
                words = {"sid": f"vm:{guest['vmid']}", "state": "stopped"}
                self._change(f"guest {guest['vmid']} kept", lambda one=words: self._api("POST", HELD, one))
        for rule in rules:
            self._declare(rule)
        for guest in guests:
            sid = f"vm:{guest['vmid']}"
            if held.get(sid, {}).get("state") != "started":
                path = f"{HELD}/{sid}"
                self._change(f"guest {guest['vmid']} started", lambda one=path: self._api("PUT", one, RUNNING))

    def _change(self, text: str, act: Callable[[], Any]) -> None:
        self.changes.append(text)
        if not self._check:
            act()

    def _make(self, guest: Words, template: int, found: Mapping[int, Words]) -> None:
        if template not in found:
            raise PveError(f"there is no template {template}")
        node, vmid = found[template]["node"], guest["vmid"]
        self._wait(self._api("POST", f"/nodes/{node}/qemu/{template}/clone", {"newid": vmid, "name": guest["name"]}))
        home = next(each["node"] for each in self._api("GET", "/cluster/resources?type=vm") if each["vmid"] == vmid)
        self._api("PUT", f"/nodes/{home}/qemu/{vmid}/config", {key: guest[key] for key in CONFIGURED})

    def _configure(self, guest: Words, there: Words) -> None:
        path = f"/nodes/{there['node']}/qemu/{guest['vmid']}/config"
        told = self._api("GET", path)
        changed = {key: guest[key] for key in CONFIGURED if str(told.get(key, "")) != str(guest[key])}
        if changed:
            names = ", ".join(changed)
            self._change(f"guest {guest['vmid']}: {names}", lambda: self._api("PUT", path, changed))

    def _declare(self, rule: Words) -> None:
        present = {each["rule"]: each for each in self._api("GET", "/cluster/ha/rules")}
        members = ",".join(f"vm:{vmid}" for vmid in sorted(rule["guests"]))
        there = present.get(rule["rule"])
        if there and (there["affinity"], _sorted(there["resources"])) == (rule["affinity"], _sorted(members)):
            return

        def act() -> None:
            if there:
                self._api("DELETE", f"/cluster/ha/rules/{rule['rule']}")
            words = {"rule": rule["rule"], "type": "resource-affinity", "resources": members}
            self._api("POST", "/cluster/ha/rules", {**words, "affinity": rule["affinity"]})

        self._change(f"rule {rule['rule']}", act)

    def _wait(self, upid: str) -> None:
        node = upid.split(":")[1]
        deadline = time.monotonic() + TASK_S
        while (told := self._api("GET", f"/nodes/{node}/tasks/{upid}/status"))["status"] == "running":
            if time.monotonic() > deadline:
                raise PveError(f"{upid} still runs after {TASK_S:.0f} s")
            time.sleep(POLL_S)
        if told["exitstatus"] != "OK":
            raise PveError(f"{upid}: {told['exitstatus']}")


def _sorted(members: str) -> list[str]:
    return sorted(each.strip() for each in members.split(","))


def main() -> None:
    """Compare, then change what differs unless in check mode."""
    guest = {
        "vmid": {"type": "int", "required": True},
        "name": {"type": "str", "required": True},
        "memory": {"type": "int", "default": 96},
        "ipconfig0": {"type": "str", "required": True},
    }
    rule = {
        "rule": {"type": "str", "required": True},
        "affinity": {"type": "str", "choices": ["negative", "positive"], "required": True},
        "guests": {"type": "list", "elements": "int", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "trust": {"type": "path", "required": True},
            "token": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "required": True, "no_log": True},
            "template": {"type": "int", "required": True},
            "guests": {"type": "list", "elements": "dict", "required": True, "options": guest},
            "rules": {"type": "list", "elements": "dict", "default": [], "options": rule},
        },
        supports_check_mode=True,
    )
    given = module.params
    cluster = Cluster(Api(given["url"], given["trust"], given["token"], given["value"]), check=module.check_mode)
    try:
        cluster.bring(given["template"], given["guests"], given["rules"])
    except PveError as error:
        module.fail_json(msg=str(error), changes=cluster.changes)
    module.exit_json(changed=bool(cluster.changes), changes=cluster.changes)


if __name__ == "__main__":
    main()
