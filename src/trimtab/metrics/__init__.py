"""Pure measures: numbers in, a number out; nothing is read, written or remembered here.

One module per kind: `classification`, `regression`, `forecast` (skill of a ranking), `trading`
(returns and positions). Add a measure here when the field has a name for it and somebody else's
implementation or a closed form can prove it. Resampling, folds and verdicts belong to
`trimtab.validation`, simulated trading to `trimtab.backtest`.

Conventions shared by all: a pair with NaN on either side is left out; what is not defined (no
sample, no variance, a class that never occurs) is NaN, never an exception and never a warning.
"""
