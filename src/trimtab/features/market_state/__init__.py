"""Market state: how volatile, how liquid and how one-sided the market is now, against its own past.

One module per theme: volatility, its forecast by GARCH, liquidity, and pressure of buyers or sellers.
What several of them need stands in `shared`. Add a feature as one function decorated with
`@market_state(...)`. What compares an instrument with others belongs to `trimtab.features.peers`.
"""
