#!/usr/bin/python3
"""Fence agent: has the power controller of the machines cut the power of a node, and tells when it is off.

Two ways, as on servers. `controller` cuts at once, as an IPMI board does. `watchdog` cuts nothing: it waits until the
node's own watchdog has done it, which is how Proxmox VE fences.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import pairwise

import alimentation

SUCCESS, FAILURE, OFF = 0, 1, 2
POLL_S = 0.2
METADATA = """<?xml version="1.0"?>
<resource-agent name="fence_recette" shortdesc="power controller of the machines">
<longdesc>Cuts the power of a node, or waits until its watchdog has done it.</longdesc>
<parameters>
<parameter name="action" unique="0" required="1"><content type="string" default="reboot"/>
<shortdesc lang="en">what to do</shortdesc></parameter>
<parameter name="plug" unique="0" required="1"><content type="string"/>
<shortdesc lang="en">node</shortdesc></parameter>
<parameter name="way" unique="0" required="0"><content type="string" default="controller"/>
<shortdesc lang="en">controller or watchdog</shortdesc></parameter>
<parameter name="wait" unique="0" required="0"><content type="string" default="120"/>
<shortdesc lang="en">seconds for which the watchdog is waited for</shortdesc></parameter>
</parameters>
<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/>
<action name="list"/><action name="monitor"/><action name="metadata"/></actions>
</resource-agent>
"""


def options(arguments: Sequence[str], lines: Sequence[str]) -> dict[str, str]:
    """What is asked: `-o ACTION -n NODE` by hand, `key=value` lines from Pacemaker."""
    told = {"action": "reboot", "way": "controller", "wait": "120", "plug": ""}
    names = {"-o": "action", "-n": "plug"}
    for flag, value in pairwise(arguments):
        if flag in names:
            told[names[flag]] = value
    for line in lines:
        key, equals, value = line.strip().partition("=")
        if equals:
            told["plug" if key == "nodename" and not told["plug"] else key] = value
    return told


def cut(told: dict[str, str], verb: str) -> int:
    """Bring a node to where it surely has no power; success is never assumed, it is asked."""
    plug = told["plug"]
    if told["way"] == "controller":
        alimentation.ask(f"{verb} {plug}")
        return SUCCESS
    deadline = time.monotonic() + float(told["wait"])
    seen = alimentation.ask(f"cuts {plug}")
    while alimentation.ask(f"status {plug}") == "on" and alimentation.ask(f"cuts {plug}") == seen:
        if time.monotonic() > deadline:
            return FAILURE
        time.sleep(POLL_S)
    return SUCCESS


def act(told: dict[str, str]) -> int:
    """Raises OSError if the controller does not answer, ValueError if it refuses."""
    action, plug = told["action"], told["plug"]
    if action in ("monitor", "list"):
        members = alimentation.ask("list")
        sys.stdout.write(members.replace(" ", "\n") + "\n" if action == "list" else "")
        return SUCCESS
    if action == "status":
        return SUCCESS if alimentation.ask(f"status {plug}") == "on" else OFF
    if action == "on":
        alimentation.ask(f"on {plug}")
        return SUCCESS
    if action in ("off", "reboot"):
        return cut(told, "off" if action == "off" else "cycle")
    return FAILURE


def main() -> int:
    """What Pacemaker asks, then the exit code that it expects."""
    by_hand = sys.argv[1:]
    told = options(by_hand, [] if by_hand else sys.stdin.readlines())
    if told["action"] in ("metadata", "meta-data") or "metadata" in by_hand:
        sys.stdout.write(METADATA)
        return SUCCESS
    try:
        return act(told)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILURE


if __name__ == "__main__":
    sys.exit(main())
