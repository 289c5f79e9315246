"""Features: numbers about one instrument that look back only.

bars → catalogue of features → block of values → offline table and online latest row.
Add a feature as one decorated function in the file of its theme (`technical/`, `candlesticks.py`,
`market_state.py`); a new family is one more module in `catalogue.FAMILY_MODULES`. What looks forward
belongs to `trimtab.labels`, the join of both to `trimtab.datasets`.
"""
