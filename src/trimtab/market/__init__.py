"""What is traded and when: instruments, timeframes, series keys.

Add here what is true of a market without looking at a price. Bars live in `trimtab.bars`.
"""

from trimtab.market.series import Series
from trimtab.market.timeframe import Timeframe

__all__ = ["Series", "Timeframe"]
