"""Attacks of a digital twin from its own hosts: bounded, marked, each with its proof that silence means something."""

from __future__ import annotations

from recette.probes.attacks.controller import Attacks
from recette.probes.attacks.model import Attack, Drops, Marker, Shot

__all__ = ["Attack", "Attacks", "Drops", "Marker", "Shot"]
