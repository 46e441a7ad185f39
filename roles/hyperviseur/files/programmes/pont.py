"""Makes a bridge of an interface of this host, under the same name, with the same hardware address.

Guests are plugged into it. Addresses and routes belong to `site-network`, which finds the bridge under the name that it
knows. Prints what it changed; `--check` changes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from commun import run

NETWORK = "/usr/local/sbin/site-network"
CARD = "carte0"
"""What the interface is called behind its bridge: names have fifteen characters at most."""
CLASS = Path("/sys/class/net")


def needed(name: str, folder: Path = CLASS) -> bool:
    """Whether the interface is no bridge yet. Raises SystemExit if there is no such interface."""
    if not (folder / name).exists():
        sys.exit(f"{name}: no such interface")
    return not (folder / name / "bridge").exists()


def commands(name: str, hardware: str) -> list[str]:
    """`ip` commands; the interface loses its addresses, for they would hide those of the bridge."""
    return [
        f"link set {name} down",
        f"address flush dev {name}",
        f"link set {name} name {CARD}",
        f"link add {name} address {hardware} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        f"link set {CARD} master {name}",
        f"link set {CARD} up",
        f"link set {name} up",
    ]


def main() -> None:
    """usage: pont.py INTERFACE [--check]"""
    name = sys.argv[1]
    if not needed(name):
        return
    sys.stdout.write(f"{name} becomes a bridge\n")
    if "--check" in sys.argv:
        return
    hardware = (CLASS / name / "address").read_text(encoding="ascii").strip()
    run("ip", "-batch", "-", stdin="".join(f"{command}\n" for command in commands(name, hardware)))
    # IPv6 makes an address of its own for a card that is up; behind a bridge it would answer twice.
    Path(f"/proc/sys/net/ipv6/conf/{CARD}/disable_ipv6").write_text("1", encoding="ascii")
    run(NETWORK)


if __name__ == "__main__":
    main()
