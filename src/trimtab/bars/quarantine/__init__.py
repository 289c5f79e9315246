"""Quarantine: bars that were refused, with their reasons, and what a person decided about them.

Nothing here is ever changed or removed: a refusal is a row, a decision is a row, and the last
decision about a bar counts. `identity` says which bar is meant, `refused` and `decision` what is
kept, `ledger` keeps it, `settle` works out and does what a decision means for the store,
`overruled` keeps what a person has overruled from coming back with the next refresh. Why a bar is
refused belongs to `trimtab.bars.checks`.
"""

from trimtab.bars.quarantine.decision import QuarantineCounts, QuarantineDecision
from trimtab.bars.quarantine.identity import bar_ids
from trimtab.bars.quarantine.ledger import Quarantine
from trimtab.bars.quarantine.overruled import accept_decided, without_overruled
from trimtab.bars.quarantine.refused import QuarantinedBar

__all__ = [
    "Quarantine",
    "QuarantineCounts",
    "QuarantineDecision",
    "QuarantinedBar",
    "accept_decided",
    "bar_ids",
    "without_overruled",
]
