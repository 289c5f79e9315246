"""Is the model any good, honestly? Folds, walk-forward, verdicts, comparison with baselines.

`splitters` cut a dataset into folds without leaks, `walk_forward` trains and judges on them,
`verdict` puts the result in a word, `significance` asks whether luck would have done as well.
Add here what judges forecasts. Pure measures belong to `trimtab.metrics`, simulated trading to
`trimtab.backtest`, the decision what to do about a verdict to `trimtab.lifecycle`.
"""
