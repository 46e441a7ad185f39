"""The cluster of hypervisors, by the interface of Proxmox VE; its guests, as who uses them sees them."""

from recette.probes.hypervisor.api import Hypervisor
from recette.probes.hypervisor.model import Guest, Members, Rule, Storage, broken
from recette.probes.hypervisor.writing import Acknowledged, Journal, Writer, journal

__all__ = [
    "Acknowledged",
    "Guest",
    "Hypervisor",
    "Journal",
    "Members",
    "Rule",
    "Storage",
    "Writer",
    "broken",
    "journal",
]
