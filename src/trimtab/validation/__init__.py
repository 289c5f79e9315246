"""Is the model any good, honestly? Folds, walk-forward, verdicts, significance, robustness.

`splitters` cut a dataset into folds without leaks; `walk_forward` trains and judges on them, `judged_folds` on any
split, and `paths` puts combinatorial folds together; `verdict` puts the result in a word. `significance` and
`baselines` ask whether somebody naive would have done as well, `forecast_comparison` whether another model would,
`superior_ability` and `backtest_overfitting` whether the best of many is more than the best of many,
`independent_trials` how many that really were. `headline_intervals` says how sure a number is. `regimes`, `stress`,
`bias`, `sensitivity` and `learning_curve` say where a model holds and where it breaks.

Add here what judges forecasts. Pure measures belong to `trimtab.metrics`, simulated trading to `trimtab.backtest`,
the decision what to do about a verdict to `trimtab.lifecycle`.
"""
