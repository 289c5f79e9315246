"""One look for all plots, as PNG bytes; the same numbers give the same bytes.

Uses matplotlib's object interface: no global state, no display, safe in any thread.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, BLUE, ORANGE, RED, GREEN = "#1f2933", "#7b8794", "#2563eb", "#d97706", "#dc2626", "#16a34a"


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 6.8, height: float = 3.0
) -> tuple[Figure, list[Axes]]:
    """An empty figure (inches) and its axes, row by row, in the house style."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, number + 1) for number in range(rows * columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(MUTED)
        axis.tick_params(colors=INK, labelsize=8)
        axis.grid(True, axis="y", color="#e4e7eb", linewidth=0.6)
        axis.set_axisbelow(True)
    return figure, axes


def as_png(figure: Figure) -> bytes:
    """The figure as PNG bytes without a time stamp or a version in them."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
