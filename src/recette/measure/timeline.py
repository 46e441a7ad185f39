"""The picture of a failover: every probe on a time line, the cut, the fault and the takeover."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

Probe = tuple[float, bool, float | None]
"""When it was sent (s), whether it was answered, the round trip (s) if so."""

ANSWERED, LOST, CUT, EVENT, INK = "#2e7d4f", "#c62828", "#f6c9c4", "#1f3a5f", "#333333"
EVENT_ROWS = 3  # neighbouring labels are stacked rather than written over each other
MARGIN_S = 1.0


@dataclass(frozen=True)
class Timeline:
    """Times in seconds from any common origin; labels in French, since the client reads the picture.

    The picture is narrowed to the surroundings of the events and outages, or a cut of 0.3 s would be
    a hair in a minute of probes; the caption counts all of them.
    """

    probes: Sequence[Probe]
    events: Sequence[tuple[float, str]] = ()
    outages: Sequence[tuple[float, float]] = ()
    title: str = "Sondes"

    def png(self) -> bytes:
        return self._render("png")

    def svg(self) -> bytes:
        return self._render("svg")

    @property
    def window(self) -> tuple[float, float]:
        """The part of time shown, never wider than the probes."""
        if not self.probes:
            raise ValueError("a time line without probes shows nothing")
        sent = [probe[0] for probe in self.probes]
        marks = [time for time, _ in self.events] + [time for outage in self.outages for time in outage]
        if not marks:
            return min(sent), max(sent)
        margin = max(MARGIN_S, 0.5 * (max(marks) - min(marks)))
        return max(min(sent), min(marks) - margin), min(max(sent), max(marks) + margin)

    @property
    def origin(self) -> float:
        """The time written 0: the first event, which is the fault."""
        return min((time for time, _ in self.events), default=self.window[0])

    @property
    def caption(self) -> str:
        lost = sum(not answered for _, answered, _ in self.probes)
        longest = max((end - start for start, end in self.outages), default=0.0)
        cut = f"coupure la plus longue : {french(longest, 2)} s" if self.outages else "aucune coupure"
        sent = len(self.probes)
        return f"{sent} sonde{'s' * (sent > 1)}, {lost} perdue{'s' * (lost > 1)} ; {cut}"

    def _render(self, form: str) -> bytes:
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
        self._draw_probes(above)
        self._draw_round_trips(below)
        for axes in (above, below):
            for begin, end in self.outages:
                axes.axvspan(begin, end, color=CUT, linewidth=0, zorder=0)
        self._draw_events(above, below)
        self._name_longest_outage(above)
        above.set_xlim(*self.window)
        above.set_title(f"{self.title}\n", loc="left", fontsize=12, fontweight="bold", color=INK)
        above.text(0, 1.02, self.caption, transform=above.transAxes, fontsize=9.5, color=INK)
        stream = io.BytesIO()
        figure.savefig(stream, format=form, dpi=130, metadata={"Date": None} if form == "svg" else None)
        return stream.getvalue()

    def _draw_probes(self, axes: Axes) -> None:
        start, end = self.window
        for wanted, level, colour in ((True, 1, ANSWERED), (False, 0, LOST)):
            times = [time for time, answered, _ in self.probes if answered is wanted and start <= time <= end]
            axes.vlines(times, level - 0.36, level + 0.36, color=colour, linewidth=1.1)
        axes.set_yticks([1, 0], ["répondue", "perdue"])
        axes.set_ylim(-0.6, 1.6 + 0.5 * min(len(self.events), EVENT_ROWS))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0, labelcolor=INK)

    def _draw_events(self, above: Axes, below: Axes) -> None:
        rows = min(len(self.events), EVENT_ROWS)
        for rank, (time, label) in enumerate(sorted(self.events)):
            # The line stops at its own label: it crosses none of those written above, which came before.
            height = 1.6 + 0.5 * (rows - 1 - rank % EVENT_ROWS)
            above.vlines(time, -0.6, height + 0.4, color=EVENT, linewidth=1.2)
            below.axvline(time, color=EVENT, linewidth=1.2)
            delay = f" (+{french(time - self.origin, 2)} s)" if rank else ""
            self._write(above, time, height, f" {label}{delay} ")

    def _write(self, axes: Axes, time: float, height: float, text: str) -> None:
        start, end = self.window
        side = "right" if time > start + 0.75 * (end - start) else "left"
        axes.text(time, height, text, ha=side, va="bottom", fontsize=9, color=EVENT)

    def _name_longest_outage(self, axes: Axes) -> None:
        if self.outages:
            begin, end = max(self.outages, key=lambda outage: outage[1] - outage[0])
            label = f"coupure\n{french(end - begin, 2)} s"
            axes.text((begin + end) / 2, 1, label, ha="center", va="center", fontsize=9, color=LOST)

    def _draw_round_trips(self, axes: Axes) -> None:
        start, end = self.window
        points = [(time, 1000 * rtt) for time, _, rtt in self.probes if rtt is not None and start <= time <= end]
        axes.plot([t for t, _ in points], [rtt for _, rtt in points], ".", color=ANSWERED, markersize=3)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("aller-retour (ms)", color=INK, fontsize=9)
        since = " depuis le premier événement" if self.events else ""
        axes.set_xlabel(f"temps{since} (s)", color=INK, fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9, labelcolor=INK)
        axes.xaxis.set_major_locator(RoundFrom(self.origin))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: french(value - self.origin, 2)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: french(value, 2)))


class RoundFrom(MaxNLocator):
    """Graduations at round distances from an origin that is not round itself."""

    def __init__(self, origin: float) -> None:
        super().__init__(nbins=10, steps=[1, 2, 5, 10])
        self._origin = origin

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        return [tick + self._origin for tick in super().tick_values(vmin - self._origin, vmax - self._origin)]


def french(value: float, digits: int) -> str:
    """-1.50 gives « −1,5 »."""
    text = f"{round(value, digits) + 0.0:.{digits}f}"  # adding zero rids of -0
    return (text.rstrip("0").rstrip(".") or "0").replace(".", ",").replace("-", "−")
