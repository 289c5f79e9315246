"""From a forecast to the position one should hold: one decision path for backtest and live.

Add rules here: pure functions from forecast values to target positions. Filling orders and what
that costs belong to `trimtab.backtest`; what a forecast is, to `trimtab.models`.
"""
