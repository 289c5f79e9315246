"""Candlestick features: named patterns, the proportions of a bar, and sequences of bars.

The fifteen patterns everybody names stand in `patterns`, further formations of several bars in
`formations`, what trimtab itself counts over bars in a row in `sequences`. Add a pattern as one
decorated function, or one `formation(...)` where TA-Lib knows it.
"""
