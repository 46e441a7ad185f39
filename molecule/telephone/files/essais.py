"""Takes a telephone of the scenario in hand: each line tells what came of it."""

import sys
import time
from pathlib import Path

from recette.errors import Inconclusive
from recette.probes.calls import Line, Phone, hearing, phone, quality, started
from recette.shell import Remote

REMOTE = Remote(Path("/run/recette/molecule-telephone/ssh_config"))
TALK_S = 3


def line(extension: str, *codecs: str) -> Line:
    return Line("telephone-1", "10.94.50.101", "voix", extension, "not-a-secret", 440, codecs)


def talk(taken: Phone) -> str:
    """Call the echo: what comes back is what was said."""
    call = taken.dial("600")
    taken.wait_established(call, 5)
    time.sleep(TALK_S)
    taken.hang_up()
    taken.wait_ended(call, 5)
    (heard,) = taken.media().received
    tone = hearing([heard], 440)
    good = tone.heard_s > TALK_S - 1 and not tone.gaps() and quality(heard).missing == 0 and heard.encrypted
    return f"{heard.name} {call.encryption} {'heard' if good else tone}"


def main() -> None:
    if sys.argv[1] == "echo":
        for codec in ("opus/48000/2", "PCMA/8000/1"):
            with phone(REMOTE, line("2100", codec)) as taken:
                sys.stdout.write(talk(taken) + "\n")
    elif sys.argv[1] == "clear":
        with phone(REMOTE, line("2101")) as taken:
            call = taken.dial("600")
            taken.wait_ended(call, 10)
            sys.stdout.write(f"{taken.code(call)} {len(taken.media().received)}\n")
    elif sys.argv[1] == "impostor":
        with started(REMOTE, line("2100")) as taken:
            try:
                taken.wait_registered(4)
            except Inconclusive:
                sys.stdout.write(" ".join(text for text in taken.said if "error_string" in text) + "\n")


if __name__ == "__main__":
    main()
