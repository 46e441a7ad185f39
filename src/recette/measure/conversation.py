"""The picture of a conversation around a fault: who heard whom, window by window, at both ends."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from recette.measure.timeline import ANSWERED, CUT, EVENT, EVENT_ROWS, INK, LOST, MARGIN_S, RoundFrom, french

JITTER = 3
"""Windows."""
HALF = 0.34
"""Half the height of a track."""


@dataclass(frozen=True)
class Track:
    """What one end heard of the other; `label` in French, instants in seconds from the picture's common origin.

    `heard`: beginnings of the windows in which the other's tone was; `gaps`: (beginning, end) of each cut.
    """

    label: str
    heard: Sequence[float]
    gaps: Sequence[tuple[float, float]] = ()
    window_s: float = 0.02

    @property
    def longest_s(self) -> float:
        return max((end - begin for begin, end in self.gaps), default=0.0)


@dataclass(frozen=True)
class Conversation:
    """Tracks one under the other on one time line, with what happened meanwhile; labels in French."""

    tracks: Sequence[Track]
    events: Sequence[tuple[float, str]] = ()
    title: str = "Voix"

    def png(self) -> bytes:
        return self._render("png")

    def svg(self) -> bytes:
        return self._render("svg")

    @property
    def window(self) -> tuple[float, float]:
        """The part of time shown: around the events and the cuts, everything if there are none."""
        heard = [at for track in self.tracks for at in track.heard]
        marks = [at for at, _ in self.events] + [at for track in self.tracks for gap in track.gaps for at in gap]
        if not heard and not marks:
            raise ValueError("a conversation in which nobody heard anything shows nothing")
        if not marks:
            return min(heard), max(heard)
        margin = max(MARGIN_S, 0.5 * (max(marks) - min(marks)))
        return min(marks) - margin, max(marks) + margin

    @property
    def origin(self) -> float:
        """The time written 0: the first event, which is the fault."""
        return min((at for at, _ in self.events), default=self.window[0])

    def caption(self, track: Track) -> str:
        heard_s = track.window_s * len(track.heard)
        cut = f"coupure la plus longue : {round(1000 * track.longest_s)} ms" if track.gaps else "aucune coupure"
        return f"{track.label} : tonalité entendue {french(heard_s, 1)} s, {cut}"

    def _render(self, form: str) -> bytes:
        rows = min(len(self.events), EVENT_ROWS)
        figure = Figure(figsize=(11, 1.4 + 1.0 * len(self.tracks) + 0.35 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for rank, track in enumerate(self.tracks):
            self._draw(axes, len(self.tracks) - 1 - rank, track)
        self._draw_events(axes, rows)
        axes.set_xlim(*self.window)
        axes.set_ylim(-0.7, len(self.tracks) - 0.2 + 0.45 * rows)
        axes.set_yticks([])
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(labelsize=9, labelcolor=INK)
        since = " depuis le premier événement" if self.events else ""
        axes.set_xlabel(f"temps{since} (s)", color=INK, fontsize=9)
        axes.xaxis.set_major_locator(RoundFrom(self.origin))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: french(value - self.origin, 2)))
        axes.set_title(self.title, loc="left", fontsize=12, fontweight="bold", color=INK)
        stream = io.BytesIO()
        figure.savefig(stream, format=form, dpi=130, metadata={"Date": None} if form == "svg" else None)
        return stream.getvalue()

    def _draw(self, axes: Axes, height: int, track: Track) -> None:
        start, end = self.window
        # What jitter parts is drawn as one: nobody hears it, and no cut is so short.
        following = [*track.heard[1:], math.inf]
        bars = [
            (at, later - at if later - at <= JITTER * track.window_s else track.window_s)
            for at, later in zip(track.heard, following, strict=True)
            if start <= at <= end
        ]
        axes.broken_barh(bars, (height - HALF, 2 * HALF), color=ANSWERED, linewidth=0)
        for begin, finish in track.gaps:
            axes.broken_barh([(begin, finish - begin)], (height - HALF, 2 * HALF), color=CUT, linewidth=0)
            if finish - begin == track.longest_s:
                text = f"{round(1000 * (finish - begin))} ms"
                axes.text((begin + finish) / 2, height, text, ha="center", va="center", fontsize=9, color=LOST)
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        place = (start, height + HALF + 0.05)
        axes.text(*place, self.caption(track), ha="left", va="bottom", fontsize=9.5, color=INK, bbox=paper, zorder=5)

    def _draw_events(self, axes: Axes, rows: int) -> None:
        start, end = self.window
        top = len(self.tracks) - 0.2
        for rank, (at, label) in enumerate(sorted(self.events)):
            height = top + 0.45 * (rows - 1 - rank % EVENT_ROWS)
            axes.vlines(at, -0.6, height + 0.35, color=EVENT, linewidth=1.2)
            delay = f" (+{french(at - self.origin, 2)} s)" if rank else ""
            side = "right" if at > start + 0.75 * (end - start) else "left"
            axes.text(at, height, f" {label}{delay} ", ha=side, va="bottom", fontsize=9, color=EVENT)
