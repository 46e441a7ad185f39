"""What a signal may and may not interrupt while something is broken."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM both raise KeyboardInterrupt in the block, so that what it broke is repaired.

    By default SIGTERM would end the process at once; and some libraries (ansible-runner) leave handlers behind that
    swallow both. A signal that is ignored stays ignored.
    """
    with _handlers({number: signal.default_int_handler for number in SIGNALS if not _is_ignored(number)}):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block ends.

    Handlers rather than a signal mask: a mask would be inherited by the ssh and podman processes started meanwhile.
    """
    held: list[int] = []
    try:
        with _handlers({number: lambda sent, _frame: held.append(sent) for number in SIGNALS}):
            yield
    finally:
        for sent in held[:1]:
            signal.raise_signal(sent)


@contextmanager
def _handlers(wanted: Mapping[signal.Signals, Callable[[int, FrameType | None], object]]) -> Iterator[None]:
    """Python lets the main thread alone install handlers; it is also the only one that signals interrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _is_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN
