"""python3 -m telephonie annuaire|copie|courriel SETTINGS: one of the services, for ever."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from telephonie import annuaire, copie, courriel

SERVICES = {"annuaire": annuaire.follow, "copie": copie.serve, "courriel": courriel.send}


def main() -> None:
    """Read the settings, then serve."""
    work, path = sys.argv[1:]
    SERVICES[work](json.loads(Path(path).read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
