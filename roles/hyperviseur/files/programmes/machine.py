"""A guest: one QEMU on one RBD image, its cable in the bridge of its zone, as a transient unit of systemd."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qmp
from commun import CommandError, run, succeeds

KVM, PROCESSOR = Path("/dev/kvm"), Path("/proc/cpuinfo")
VIRTUALISES = {"vmx", "svm"}
SYSTEM = "/usr/local/lib/hyperviseur/invite"
CONSOLES = Path("/var/log/hyperviseur")
LAUNCH_S, STORAGE_S, POLL_S = 15.0, 90.0, 0.1
"""The storage answers nothing until it knows that the disk of a dead node is lost."""
PORTS, FIRST_PORT = 50, 60000
BLOCKED_S = 3600
"""How long a client of the storage that nobody knows any more is refused."""


@dataclass(frozen=True)
class Guest:
    """What a guest is made of; the keys are those of its configuration in Proxmox VE."""

    vmid: int
    name: str
    memory: int
    cores: int
    mac: str
    ipconfig0: str

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Guest:
        """Raises ValueError if the identifier is missing."""
        vmid = int(told.get("vmid") or 0)
        if vmid <= 0:
            raise ValueError("vmid: missing")
        return cls(
            vmid=vmid,
            name=told.get("name") or f"vm{vmid}",
            memory=int(told.get("memory") or 96),
            cores=int(told.get("cores") or 1),
            mac=told.get("mac") or mac_of(vmid),
            ipconfig0=told.get("ipconfig0") or "",
        )

    @property
    def address(self) -> str:
        """Address and length of the prefix; empty if it has none."""
        return self._ip("ip")

    @property
    def gateway(self) -> str:
        return self._ip("gw")

    @property
    def unit(self) -> str:
        return f"qemu-{self.vmid}.service"

    @property
    def cable(self) -> str:
        return f"tap{self.vmid}i0"

    @property
    def disk(self) -> str:
        return f"vm-{self.vmid}-disk-0"

    @property
    def port(self) -> int:
        """TCP port on which it is received when it moves."""
        return FIRST_PORT + self.vmid % PORTS

    def _ip(self, key: str) -> str:
        parts = dict(part.partition("=")[::2] for part in self.ipconfig0.split(","))
        return parts.get(key, "")


def mac_of(vmid: int) -> str:
    """An address of Proxmox's own range, the same for the same guest."""
    return f"bc:24:11:{vmid >> 16 & 255:02x}:{vmid >> 8 & 255:02x}:{vmid & 255:02x}"


def command(guest: Guest, told: Mapping[str, Any], *, kvm: bool, received_at: str = "") -> list[str]:
    """The command line of QEMU. What cloud-init would read from a disk comes with the kernel's own command line."""
    seen = {"nom": guest.name, "adresse": guest.address, "passerelle": guest.gateway}
    given = " ".join(f"recette.{key}={value}" for key, value in seen.items() if value)
    disk = f"rbd:{told['pool']}/{guest.disk}:id={told['storage_user']}:conf=/etc/ceph/ceph.conf"
    line = ["/usr/bin/qemu-system-x86_64", "-name", guest.name, "-machine", "q35"]
    line += ["-accel", "kvm" if kvm else "tcg", "-smp", str(guest.cores), "-m", str(guest.memory)]
    line += ["-display", "none", "-nodefaults", "-no-user-config"]
    line += ["-kernel", f"{SYSTEM}/vmlinuz", "-initrd", f"{SYSTEM}/initrd.gz"]
    line += ["-append", f"console=ttyS0 quiet panic=1 {given}"]
    line += ["-serial", f"file:{CONSOLES}/{guest.vmid}.console"]
    line += ["-qmp", f"unix:{qmp.FOLDER}/{guest.vmid}.qmp,server=on,wait=off"]
    # A write that fails stops the guest: it must not go on as if nothing had happened.
    line += ["-drive", f"file={disk},format=raw,if=none,id=d0,cache=none,discard=unmap,werror=stop,rerror=stop"]
    line += ["-device", "virtio-blk-pci,drive=d0"]
    line += ["-netdev", f"tap,id=n0,ifname={guest.cable},script=no,downscript=no"]
    line += ["-device", f"virtio-net-pci,netdev=n0,mac={guest.mac}", "-device", "virtio-rng-pci"]
    return line + (["-incoming", received_at] if received_at else [])


def accelerated(device: Path = KVM, processor: Path = PROCESSOR) -> bool:
    """Whether guests run on the processor itself.

    A device is not enough: inside some virtual machines there is one, though the processor that they show has none of
    the extensions that it needs; guests then stop on instructions that it cannot emulate.
    """
    lines = processor.read_text(encoding="ascii", errors="replace").splitlines()
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return device.exists() and not VIRTUALISES.isdisjoint(flags)


def active(guest: Guest) -> bool:
    """Whether there is a QEMU of this guest on this node."""
    return succeeds("systemctl", "is-active", "--quiet", guest.unit)


def launch(guest: Guest, told: Mapping[str, Any], received_at: str = "") -> None:
    """Start QEMU and wait until it answers. Raises CommandError if it does not."""
    Path(qmp.FOLDER).mkdir(exist_ok=True)
    CONSOLES.mkdir(exist_ok=True)
    _plug(guest, str(told["bridge"]))
    succeeds("systemctl", "reset-failed", guest.unit)
    # Stopped after Pacemaker and before the storage, when the node itself stops: whoever manages it stops it first.
    order = ("--property=Before=pacemaker.service", "--property=After=ceph-osd.target")
    kept = ("--slice=qemu.slice", "--property=KillMode=mixed", "--property=TimeoutStopSec=5")
    line = command(guest, told, kvm=accelerated(), received_at=received_at)
    run("systemd-run", "--quiet", f"--unit={guest.unit}", *kept, *order, *line)
    deadline = time.monotonic() + LAUNCH_S
    while qmp.state(guest.vmid) is None:
        if not active(guest) or time.monotonic() > deadline:
            said = run("journalctl", f"--unit={guest.unit}", "--lines=3", "--output=cat", "--no-pager").strip()
            raise CommandError(f"guest {guest.vmid} does not start: {' '.join(said.split())}")
        time.sleep(POLL_S)


def kill(guest: Guest) -> None:
    """End QEMU at once."""
    succeeds("systemctl", "kill", "--signal=KILL", guest.unit)
    succeeds("systemctl", "stop", guest.unit)
    unplug(guest)


def unplug(guest: Guest) -> None:
    succeeds("ip", "link", "delete", guest.cable)


def _plug(guest: Guest, bridge: str) -> None:
    if not Path(f"/sys/class/net/{guest.cable}").exists():
        run("ip", "tuntap", "add", guest.cable, "mode", "tap")
    # It is a cable, no interface of this host: it has no address.
    Path(f"/proc/sys/net/ipv6/conf/{guest.cable}/disable_ipv6").write_text("1", encoding="ascii")
    run("ip", "link", "set", guest.cable, "master", bridge, "up")


def secure_disk(guest: Guest, told: Mapping[str, Any]) -> None:
    """Make sure that nobody else writes on the disk of a guest that is about to start. Raises CommandError if not.

    Pacemaker has stopped or fenced every other copy: a client that still watches the image is dead, or cut off. The
    exclusive lock would not keep one that comes back from taking it again, so the storage is told to refuse it.
    """
    user, image = str(told["storage_user"]), f"{told['pool']}/{guest.disk}"
    deadline = time.monotonic() + STORAGE_S
    patient = True
    while time.monotonic() < deadline:
        left_s = max(deadline - time.monotonic(), 1.0)
        listed = run("rbd", "--id", user, "status", image, "--format", "json", limit_s=left_s)
        watchers = [str(each["address"]) for each in json.loads(listed).get("watchers", [])]
        if not watchers:
            return
        if patient:
            # One that has just closed is still listed for a moment.
            patient = False
            time.sleep(1.0)
            continue
        for address in watchers:
            sys.stderr.write(f"guest {guest.vmid}: stale client {address} is blocklisted\n")
            run("ceph", "--id", user, "osd", "blocklist", "add", address, str(BLOCKED_S))
        time.sleep(1.0)
    raise CommandError(f"guest {guest.vmid}: its disk is still used by {', '.join(watchers)}")


def stop(guest: Guest, patience_s: float) -> None:
    """Ask the guest to halt, and end it when it does not: its disk may be out of reach."""
    if not active(guest):
        unplug(guest)
        return
    try:
        with qmp.monitor(guest.vmid) as asked:
            asked.ask("system_powerdown")
    except qmp.QmpError as error:
        sys.stderr.write(f"{error}\n")
    else:
        deadline = time.monotonic() + patience_s
        while active(guest) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    kill(guest)


def valid_ipconfig(text: str) -> bool:
    """Whether a text is what `ipconfig0` takes here: an IPv4 address with its prefix, and a gateway or none."""
    digits = r"\d{1,3}(\.\d{1,3}){3}"
    return re.fullmatch(rf"ip={digits}/\d{{1,2}}(,gw={digits})?", text) is not None
