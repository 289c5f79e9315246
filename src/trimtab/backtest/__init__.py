"""What would holding these positions have earned, after costs?

`engine` fills targets and keeps the account, `costs` are the frictions, `trades` the round trips,
`forecasts` the way from a walk-forward's forecasts to a report. Add here what simulates trading.
Measures of returns belong to `trimtab.metrics`, the choice of a position to `trimtab.signals`.
"""
