"""What the commands about stored features share: which series there are, and one sentence for one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trimtab.market import Series
    from trimtab.storage.lake import Lake


def stored(lake: Lake) -> dict[Series, tuple[str, ...]]:
    """Every series with stored features, and of which families."""
    from trimtab.features.catalogue import FAMILY_MODULES
    from trimtab.features.store import stored_series

    return stored_series(lake, FAMILY_MODULES)


def require_stored(lake: Lake, series: Series) -> tuple[str, ...]:
    """The stored families of a series; `UnknownNameError` where none has ever been computed."""
    from trimtab.errors import UnknownNameError

    known = stored(lake)
    if series not in known:
        raise UnknownNameError("series with stored features", series.key, (each.key for each in known))
    return known[series]
