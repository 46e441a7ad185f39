"""The programs that run on the hosts: what they change, what they leave alone."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _module(path: str) -> ModuleType:
    loader = SourceFileLoader(Path(path).stem.replace("-", "_"), str(ROOT / path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


site_files = _module("plugins/modules/site_files.py")
nft_table = _module("plugins/modules/nft_table.py")
site_network = _module("roles/base/files/site-network")


class Host:
    """Stands for AnsibleModule: moves a file as it does."""

    def atomic_move(self, source: str, target: str, *, unsafe_writes: bool) -> None:
        assert not unsafe_writes
        Path(source).rename(target)


def _entry(path: Path, content: str | None = None, link: str | None = None, mode: str = "0644") -> dict[str, Any]:
    return {"path": str(path), "content": content, "link": link, "mode": mode}


@pytest.mark.parametrize("entry", [{"content": "new\n", "mode": "0600"}, {"link": "/elsewhere"}])
@pytest.mark.parametrize("before", ["absent", "file", "link"])
def test_what_was_written_is_what_was_wanted(tmp_path: Path, before: str, entry: dict[str, Any]) -> None:
    path = tmp_path / "folder" / "file"
    if before != "absent":
        path.parent.mkdir()
        path.write_text("old\n", encoding="utf-8") if before == "file" else path.symlink_to("/old")
    full = _entry(path, **entry)
    assert site_files.state(path) != site_files.wanted(full)
    site_files.write(Host(), path, full)
    assert site_files.state(path) == site_files.wanted(full)
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def _listing(*objects: dict[str, Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"version": "1.1.3"}}, *objects]})


def _rule(handle: int, comment: str) -> dict[str, Any]:
    return {"rule": {"chain": "transit", "handle": handle, "comment": comment, "expr": [{"counter": None}]}}


def _set(*elements: str, flags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"set": {"name": "site", "handle": 9, "flags": list(flags), "elem": list(elements)}}


def test_a_table_loaded_twice_does_not_differ() -> None:
    one = nft_table.comparable(_listing(_set("10.0.0.1", "10.0.0.2"), _rule(3, "FLX-001"), _rule(4, "FLX-002")))
    other = nft_table.comparable(_listing(_set("10.0.0.2", "10.0.0.1"), _rule(13, "FLX-001"), _rule(14, "FLX-002")))
    assert nft_table.differences(one, other) == []


def test_dynamic_elements_are_not_a_difference() -> None:
    one = nft_table.comparable(_listing(_set("10.0.0.1", flags=("dynamic", "timeout"))))
    assert nft_table.differences(one, nft_table.comparable(_listing(_set(flags=("dynamic", "timeout"))))) == []


@pytest.mark.parametrize(
    ("live", "told"),
    [
        ([_rule(1, "FLX-001")], "+"),
        ([_rule(1, "FLX-001"), _rule(2, "FLX-002"), _rule(3, "tout")], "-"),
        ([_rule(2, "FLX-002"), _rule(1, "FLX-001")], "rules are in another order"),
        ([], "+"),
    ],
)
def test_a_rule_changed_by_hand_is_told(live: list[dict[str, Any]], told: str) -> None:
    wanted = nft_table.comparable(_listing(_rule(7, "FLX-001"), _rule(8, "FLX-002")))
    found = nft_table.differences(nft_table.comparable(_listing(*live)), wanted)
    assert found
    assert found[0].startswith(told)


Answers = Callable[[dict[str, list[dict[str, Any]]]], None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Set what `ip` answers, by its last arguments."""

    def install(table: dict[str, list[dict[str, Any]]]) -> None:
        monkeypatch.setattr(site_network, "query", lambda *arguments: table.get(" ".join(arguments), []))

    return install


def test_addresses_are_added_and_removed_but_shared_ones_stay(answers: Answers) -> None:
    present = [("10.94.30.11", 24), ("10.94.30.99", 24), ("10.94.30.1", 32)]
    link = {
        "ifname": "serveurs",
        "flags": ["BROADCAST"],
        "addr_info": [{"local": local, "prefixlen": size, "scope": "global"} for local, size in present],
    }
    answers({"address show": [link]})
    declared = [{"name": "serveurs", "addresses": ["10.94.30.11/24", "fd94:0:0:30::11/64"]}]
    assert site_network.address_changes(declared, ["10.94.30.1"]) == [
        "link set serveurs up",
        "address replace fd94:0:0:30::11/64 dev serveurs nodad",
        "address delete 10.94.30.99/24 dev serveurs",
    ]


def test_undeclared_static_routes_go_and_those_of_daemons_stay(answers: Answers) -> None:
    answers(
        {
            "-4 route show": [
                {"dst": "default", "gateway": "10.94.30.2", "dev": "serveurs", "protocol": "static"},
                {"dst": "10.94.30.0/24", "dev": "serveurs", "protocol": "kernel"},
                {"dst": "192.0.2.0/24", "gateway": "10.94.30.3", "dev": "serveurs", "protocol": "94"},
                {"dst": "172.16.0.0/12", "gateway": "10.94.30.3", "dev": "serveurs"},
            ]
        }
    )
    assert site_network.route_changes([{"to": "0.0.0.0/0", "via": "10.94.30.1"}]) == [
        "route delete 0.0.0.0/0 via 10.94.30.2 dev serveurs proto static",
        "route delete 172.16.0.0/12 via 10.94.30.3 dev serveurs proto boot",
        "route replace 0.0.0.0/0 via 10.94.30.1 proto static",
    ]


def test_kernel_parameters_are_set_forwarding_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_network, "KERNEL", tmp_path)
    for name, value in (("accept_redirects", "0\n"), ("ip_forward", "1\n"), ("rp_filter", "0\n")):
        (tmp_path / name).write_text(value, encoding="ascii")
    wanted = {"accept_redirects": "0", "rp_filter": "1", "ip_forward": "0", "absent": "1"}
    changes = ["sysctl ip_forward=0", "sysctl rp_filter=1"]
    assert site_network.kernel_changes(wanted, check=True) == changes
    assert site_network.kernel_changes(wanted, check=False) == changes
    assert site_network.kernel_changes(wanted, check=False) == []
