"""The parts of the twin that need no container: recipes, kernel detection, engine configuration."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import replace

import pytest

from recette.errors import RecetteError
from recette.site import Site, find_site
from recette.twin import Twin
from recette.twin.engine import CONFIGURATION, Kernel, Podman
from recette.twin.fabric import Fabric
from recette.twin.image import Image


def test_the_tag_follows_the_recipe() -> None:
    image = Image.load("base")
    assert image.reference == Image.load("base").reference
    assert replace(image, packages=(*image.packages, "nano")).reference != image.reference
    assert replace(image, files=(("/etc/motd", "hello"),)).reference != image.reference


def test_voice_gets_the_processor_before_the_others_and_the_image_is_the_same() -> None:
    telephony = Image.load("telephonie")
    assert telephony.shares > Image.load("base").shares
    assert replace(telephony, shares=1).reference == telephony.reference


def test_unknown_image_names_those_known() -> None:
    with pytest.raises(RecetteError, match="image nothing: unknown; known images: base"):
        Image.load("nothing")


def test_only_old_control_groups_need_a_tree_of_their_own() -> None:
    old, new = Kernel(cgroup_v2=False, may_raise_limits=False), Kernel(cgroup_v2=True, may_raise_limits=True)
    assert (old.runtime, new.runtime) == ("runc", None)
    assert "nofile=20000:20000" in old.limits
    assert not new.limits
    assert "mount -t cgroup2" in old.entry_point
    assert "cgroup2" not in new.entry_point
    assert all(kernel.entry_point.endswith("exec /sbin/init") for kernel in (old, new))


def test_machines_that_die_slowly_are_removed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter((125, 0))
    asked: list[tuple[str, ...]] = []

    def run(_podman: Podman, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        asked.append(arguments)
        assert not check
        return subprocess.CompletedProcess(arguments, next(codes), "", "")

    monkeypatch.setattr(Podman, "run", run)
    object.__new__(Podman).remove(["jumeau-dc1"])
    assert [arguments[0] for arguments in asked] == ["rm", "rm"]


def test_no_capability_over_the_machine_itself() -> None:
    granted = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["containers"]["default_capabilities"]
    assert "NET_ADMIN" in granted
    assert not {"SYS_MODULE", "SYS_BOOT", "SYS_RAWIO", "ALL"} & set(granted)


def test_ports_are_numbered_by_interface() -> None:
    site = Site.load(find_site("jumeau"))
    fabric, firewall = Fabric(site), site.host("fw-ext-1")
    assert [fabric.port(firewall, zone) for zone in firewall.zones] == [f"fw-ext-1.{n}" for n in range(4)]
    assert all(len(fabric.port(host, zone)) <= 15 for host in site.hosts.values() for zone in host.zones)
    with pytest.raises(RecetteError, match="fw-ext-1: no interface in zone voix"):
        fabric.port(firewall, "voix")


def test_a_real_site_has_no_twin() -> None:
    with pytest.raises(RecetteError, match="real site"):
        Twin(Site.load(find_site("modele")))
