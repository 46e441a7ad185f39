"""A change that is undone whatever happens: written down first, so that the next run repairs one that was killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.signals import interruptible, uninterrupted


@contextmanager
def undone(journal: Journal, what: str, where: Sequence[str], undo: Sequence[Act], drivers: Drivers) -> Iterator[None]:
    """Journal `undo` before the block, perform it in its order after the block, even after Ctrl-C or SIGTERM.

    The block makes the change. Raises what an undo raises: the journal then keeps the entry for the next start.
    """
    entry = journal.open(what, tuple(where), tuple(undo))
    with interruptible():
        try:
            yield
        finally:
            with uninterrupted():
                for act in entry.undo:
                    act.perform(drivers)
                journal.done(entry.id)
