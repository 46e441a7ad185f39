"""The digital twin: the site's hosts as systemd containers, joined by wires of their own."""

from recette.twin.lifecycle import HostStatus, Twin
from recette.twin.power import Power

__all__ = ["HostStatus", "Power", "Twin"]
