"""The four verdicts, from the best to the worst."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What a scenario or a requirement proved; the values are those of `recette.json`."""

    CONFORM = "conform"
    NOT_RUN = "not_run"
    INCONCLUSIVE = "inconclusive"
    NONCONFORM = "nonconform"

    @property
    def label(self) -> str:
        """The word the client reads."""
        return _LABELS[self]

    def counted(self, count: int) -> str:
        """« 1 non conforme », « 2 non conformes »."""
        return f"{count} {self.label}{'s' if count > 1 else ''}"


_LABELS = {
    Verdict.CONFORM: "conforme",
    Verdict.NOT_RUN: "non exécuté",
    Verdict.INCONCLUSIVE: "non concluant",
    Verdict.NONCONFORM: "non conforme",
}
_FROM_BEST_TO_WORST = tuple(_LABELS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst verdict decides; without any verdict nothing was run."""
    return max(verdicts, key=_FROM_BEST_TO_WORST.index, default=Verdict.NOT_RUN)
