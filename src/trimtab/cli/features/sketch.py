"""A series of numbers as a few lines of text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BLOCKS = " ▁▂▃▄▅▆▇█"


def sketch(values: np.ndarray, width: int = 72, height: int = 4) -> list[str]:
    """Columns of blocks, one per group of neighbours, their mean; an unknown group is left empty.

    >>> import numpy as np
    >>> sketch(np.array([0.0, 1.0, 2.0, 3.0]), width=4, height=1)
    ['▁▃▆█']
    >>> sketch(np.array([np.nan, 1.0]), width=2, height=1)
    [' ▁']
    """
    import numpy as np

    groups = np.array_split(values, min(width, len(values)))
    means = np.array([np.nan if np.isnan(each).all() else np.nanmean(each) for each in groups])
    known = means[~np.isnan(means)]
    if len(known) == 0:
        return [" " * len(groups)] * height
    spread = float(known.max() - known.min())
    share = (means - known.min()) / spread if spread > 0.0 else means * 0.0
    # The lowest column keeps one eighth, so that it differs from an unknown one.
    eighths = np.where(np.isnan(share), 0.0, 1.0 + np.rint(share * (8 * height - 1)))
    lines = []
    for level in range(height - 1, -1, -1):
        filled = np.clip(eighths - 8 * level, 0, 8).astype(int)
        lines.append("".join(BLOCKS[each] for each in filled))
    return lines
