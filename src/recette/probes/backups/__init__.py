"""Which copies exist and whether they hold: asked of restic itself, not of the programs that the roles brought."""

from recette.probes.backups.model import Copy, Restored, Verified
from recette.probes.backups.store import Backups

__all__ = ["Backups", "Copy", "Restored", "Verified"]
