"""What a feature may read besides the bars of its own series: facts, corporate actions, peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.facts import Figures, Texts
from trimtab.facts.concepts import OPTIONS

# What a feature may name in `inputs` besides the columns of its bars, and what it is called in a sentence.
SURROUNDINGS = {
    "figures": "filed figures",
    "texts": "posts or headlines",
    "options": "options figures",
    "peers": "bars of peers",
}


@dataclass(frozen=True)
class Surroundings:
    """Everything around one series, of all times: a feature looks only at what was known at its row.

    Attributes
    ----------
    figures: every version of the instrument's figures, options figures among them; None where there are none.
    texts: every version of the texts about it; None where there are none.
    actions: its splits and dividends, to bring share counts and prices to one basis; None is none.
    peers: bars of other instruments at the same timeframe, by instrument id.
    """

    figures: Figures | None = None
    texts: Texts | None = None
    actions: Actions | None = None
    peers: Mapping[str, Bars] = field(default_factory=lambda: MappingProxyType({}))

    def missing(self, need: str) -> bool:
        """Whether nothing at all is there of a kind in `SURROUNDINGS`."""
        if need == "peers":
            return not self.peers
        if need == "texts":
            return self.texts is None or len(self.texts) == 0
        if self.figures is None:
            return True
        is_option = np.isin(self.figures.concept, list(OPTIONS))
        return not (is_option if need == "options" else ~is_option).any()


NOTHING = Surroundings()
