"""Copies a database in which a transaction stays open, then damages it."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

BASE = Path("/srv/essai.sqlite")


def main() -> None:
    live = sqlite3.connect(BASE, isolation_level=None)
    live.execute("PRAGMA journal_mode = WAL")
    live.execute("CREATE TABLE IF NOT EXISTS essai (nombre INTEGER)")
    live.execute("INSERT INTO essai VALUES (1)")
    live.execute("BEGIN")
    live.execute("INSERT INTO essai VALUES (2)")
    subprocess.run(["sauvegarde-client", "copie", "base"], check=True)
    live.execute("COMMIT")
    live.close()
    BASE.write_bytes(b"not a database any more")


if __name__ == "__main__":
    main()
