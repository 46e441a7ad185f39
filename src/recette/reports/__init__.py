"""The reports of a run, computed from its evidence alone: nothing here contacts a host."""

from recette.reports.assembly import rebuild

__all__ = ["rebuild"]
