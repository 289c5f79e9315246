"""Facts: dated statements about an instrument that are not bars.

`Figures` are numbers about a period (a filed net income, the day's put/call ratio); `Texts` are posts and headlines
with a score of their mood. Both carry `event_time`, what they are about, and `known_time`, when they could first be
used: what was filed later is never seen earlier. Sources read files into them (`sources/`), `store.py` keeps every
version, `fundamentals.py` and `moods.py` turn them into what was known at given times. Add here what is said about an
instrument; bars belong to `trimtab.bars`, numbers for a model to `trimtab.features`.
"""

from trimtab.facts.schema import Figures, Texts

__all__ = ["Figures", "Texts"]
