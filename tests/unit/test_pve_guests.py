"""Guests made through the interface of Proxmox VE: what is asked, in which order, and when nothing is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SPEC = importlib.util.spec_from_file_location(
    "pve_guests", Path(__file__).parents[2] / "plugins" / "modules" / "pve_guests.py"
)
assert SPEC is not None
assert SPEC.loader is not None
module = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(module)

GUESTS = [
    {"vmid": 100, "name": "invite-a", "memory": 96, "ipconfig0": "ip=10.94.41.100/24"},
    {"vmid": 101, "name": "invite-b", "memory": 96, "ipconfig0": "ip=10.94.41.101/24"},
]
RULES = [{"rule": "paire", "affinity": "negative", "guests": [101, 100]}]
UPID = "UPID:pve1:00000001:00000001:69269F70:qmclone:9000:recette@pve:"


class Interface:
    """A cluster with a template and nothing else, which remembers what it is told."""

    def __init__(self, *, exitstatus: str = "OK") -> None:
        self.configs: dict[int, dict[str, Any]] = {}
        self.held: dict[str, str] = {}
        self.rules: dict[str, dict[str, Any]] = {}
        self.orders: list[str] = []
        self.exitstatus = exitstatus

    def __call__(self, method: str, path: str, words: Any = None) -> Any:
        if method != "GET":
            self.orders.append(f"{method} {path}")
        parts = path.split("?", maxsplit=1)[0].strip("/").split("/")
        if parts == ["cluster", "resources"]:
            return [{"vmid": vmid, "node": "pve1"} for vmid in (9000, *self.configs)]
        if parts[:3] == ["cluster", "ha", "resources"]:
            return self._resources(method, parts, words)
        if parts[:3] == ["cluster", "ha", "rules"]:
            return self._rules(method, parts, words)
        if parts[-1] == "clone":
            self.configs[words["newid"]] = {"name": words["name"], "memory": "128"}
            return UPID
        if parts[-1] == "status":
            return {"status": "stopped", "exitstatus": self.exitstatus}
        vmid = int(parts[3])
        if method == "PUT":
            self.configs[vmid] |= {key: str(value) for key, value in words.items()}
        return self.configs[vmid]

    def _resources(self, method: str, parts: list[str], words: Any) -> Any:
        if method == "POST":
            self.held[words["sid"]] = words["state"]
        elif method == "PUT":
            self.held[parts[3]] = words["state"]
        return [{"sid": sid, "state": state} for sid, state in self.held.items()]

    def _rules(self, method: str, parts: list[str], words: Any) -> Any:
        if method == "POST":
            assert set(words["resources"].split(",")) <= set(self.held), "a rule is about guests that are kept"
            self.rules[words["rule"]] = dict(words)
        elif method == "DELETE":
            del self.rules[parts[3]]
        return list(self.rules.values())


def bring(there: Interface, *, check: bool = False, guests: Any = GUESTS, rules: Any = RULES) -> list[str]:
    cluster = module.Cluster(there, check=check)
    cluster.bring(9000, guests, rules)
    changes: list[str] = cluster.changes
    return changes


def test_guests_are_made_kept_apart_then_started() -> None:
    there = Interface()
    assert bring(there) == [
        *("guest 100 made", "guest 100 kept", "guest 101 made", "guest 101 kept"),
        *("rule paire", "guest 100 started", "guest 101 started"),
    ]
    assert there.held == {"vm:100": "started", "vm:101": "started"}
    assert there.configs[100] == {"name": "invite-a", "memory": "96", "ipconfig0": "ip=10.94.41.100/24"}


def test_a_second_time_nothing_is_changed() -> None:
    there = Interface()
    bring(there)
    there.orders.clear()
    assert bring(there) == []
    assert there.orders == []


def test_check_mode_tells_and_asks_nothing() -> None:
    there = Interface()
    assert bring(there, check=True) == bring(Interface())
    assert there.orders == []


def test_what_differs_is_put_right() -> None:
    there = Interface()
    bring(there)
    there.held["vm:101"] = "stopped"
    there.configs[100]["memory"] = "256"
    there.rules["paire"]["affinity"] = "positive"
    assert bring(there) == ["guest 100: memory", "rule paire", "guest 101 started"]
    assert (there.configs[100]["memory"], there.rules["paire"]["affinity"]) == ("96", "negative")
    assert bring(there) == []


def test_the_order_in_which_a_rule_names_its_guests_does_not_matter() -> None:
    there = Interface()
    bring(there)
    assert bring(there, rules=[{**RULES[0], "guests": [100, 101]}]) == []


def test_a_task_that_failed_is_an_error() -> None:
    with pytest.raises(module.PveError, match="no space"):
        bring(Interface(exitstatus="rbd: no space"))


def test_a_template_that_is_missing_is_an_error() -> None:
    there = Interface()
    cluster = module.Cluster(there, check=False)
    with pytest.raises(module.PveError, match="no template 1"):
        cluster.bring(1, GUESTS, [])
