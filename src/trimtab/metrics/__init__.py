"""Pure measures: numbers in, a number out; nothing is read, written or remembered here.

One module per kind. Of forecasts: `classification`, `regression`, `calibration`, `intervals`, and of a
ranking `forecast`, `quantiles`, `forecast_turnover`. Of returns: `returns` (growth), `risk`, `drawdown`, `bets`,
`ratios`, `rolling`, `relative` (beside a benchmark), `sharpe` (what a Sharpe ratio is worth as evidence); of
weights: `positions`. `trading` gathers these in one namespace, `catalogue` names them with their meaning. Of two
samples: `distributions`; of many p-values: `multiple_testing`.

Add a measure here when the field has a name for it and somebody else's implementation or a closed form can
prove it. Resampling, folds and verdicts belong to `trimtab.validation`, simulated trading to `trimtab.backtest`.

Conventions shared by all: a pair with NaN on either side is left out; what is not defined (no
sample, no variance, a class that never occurs) is NaN, never an exception and never a warning.
docs/metrics.md says who means what by a name.
"""
