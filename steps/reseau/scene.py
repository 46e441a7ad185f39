"""What the steps of one network scenario hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from recette.probes.watch import Watch
from recette.trials.failover import Strike


@dataclass
class Scene:
    """The users who are being probed, and what was broken."""

    watches: list[Watch] = field(default_factory=list)
    struck: Strike | None = None

    @property
    def watch(self) -> Watch:
        """The one user who is probed."""
        (watch,) = self.watches
        return watch

    @property
    def strike(self) -> Strike:
        if self.struck is None:
            raise LookupError("nothing was broken in this scenario")
        return self.struck


@pytest.fixture
def scene() -> Scene:
    return Scene()
