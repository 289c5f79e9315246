"""Which features are timed together: the families that need nothing but bars, and what is promised of them."""

from __future__ import annotations

from trimtab.features.catalogue import FAMILY_MODULES, catalogue, feature_sets

TOGETHER = ("technical", "candlesticks")  # the speed promised is for these in one pass


def of_bars() -> tuple[str, ...]:
    """Every feature that reads nothing but the bars of its own series."""
    return tuple(name for name, each in catalogue().items() if not each.needs)


def timed_sets() -> dict[str, tuple[str, ...]]:
    """The names timed together, by what they are called in a table; families without any are left out."""
    sets, alone = feature_sets(), set(of_bars())
    families = {family: tuple(name for name in sets[family] if name in alone) for family in FAMILY_MODULES}
    timed = {family: names for family, names in families.items() if names}
    together = tuple(name for family in TOGETHER for name in timed[family])
    return {**timed, " + ".join(TOGETHER): together, "all of bars": of_bars()}
