"""Technical features: what can be said from open, high, low, close and volume.

One module per theme. Add a feature as one function decorated with `@technical(...)` in the module
of its theme. Prices only ever appear as ratios, so a stock split or a currency changes nothing.
Patterns of single bars belong to `trimtab.features.candlesticks`, regimes and liquidity to
`trimtab.features.market_state`.
"""
