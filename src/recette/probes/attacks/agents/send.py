"""Send a batch of shots from this host, and bring back what left and what came in.

Payload: `shots` (see `craft`, with `index`, `count`, `gap_s`, `dev`, `via`), `scope` (networks of the twin) and
`answer_s`, how long to listen once the last packet has left. Marks of a shot are `mark` to `mark + count - 1`.
Reply: `sent`, `sources` (as sent) and `errors` by index, `frames` of the attacker's own capture, `lost` in it.
"""

from __future__ import annotations

import socket
from typing import Any

from recette.probes.attacks.agents import craft, limits, link


def main(payload: dict[str, Any]) -> dict[str, Any]:
    """Bounds first, then packets: nothing leaves if anything in the batch is out of bounds."""
    limits.check(payload["shots"], payload["scope"])
    limits.bounded("seconds of listening", payload["answer_s"], limits.MAX_SECONDS)
    marks = [shot["mark"] for shot in payload["shots"]]
    tap = link.Tap(link.marked_or_inbound(min(marks), max(marks) + limits.MAX_PACKETS))
    sent: dict[int, int] = {}
    sources: dict[int, str] = {}
    errors: dict[int, str] = {}
    for shot in payload["shots"]:
        try:
            path = link.way_out(shot["destination"], shot["dev"], shot["via"])
            sources[shot["index"]] = shot["source"] or path.source
            if shot.get("at") == link.RESOLVED:
                shot["at"] = link.resolve(shot["claimed"], path.dev)
            sent[shot["index"]] = fire(shot | {"source": sources[shot["index"]]}, path, tap)
        except OSError as error:
            errors[shot["index"]] = str(error)
    tap.drain_for(payload["answer_s"])
    told = {"sent": sent, "sources": sources, "errors": errors}
    return {**told, "frames": [frame.packed() for frame in tap.kept], "lost": tap.lost()}


def fire(shot: dict[str, Any], path: link.Exit, tap: link.Tap) -> int:
    """Send every repetition of a shot on the link, and return the number of frames sent."""
    batches = [
        craft.frames(shot | {"mark": shot["mark"] + repeat}, path.mac, path.peer_mac) for repeat in range(shot["count"])
    ]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((path.dev, 0))
        for batch in batches:
            for frame in batch:
                raw.send(frame)
            tap.drain_for(shot["gap_s"])
            tap.drain()
    return sum(map(len, batches))
