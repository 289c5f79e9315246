"""What would holding these positions have earned, after costs?

`engine` keeps the account (`kernel` bar by bar), `costs` are the frictions, `trades` the round trips; `forecasts`
turns a walk-forward into a `Simulation`, and `evidence` asks about one what a sceptic asks (`surface`,
`comparison`, `holding`). Add here what simulates trading.
Measures of returns belong to `trimtab.metrics`, the choice of a position to `trimtab.signals`.
"""
