"""Retraining: why a model is renewed (`triggers`), what to do now (`planner`), what was done (`ledger`).

The planner is a pure function over snapshots and jobs, so a sensor, the command line and replay
plan alike; the ledger is the only thing here that writes. Add a reason to retrain in `triggers`.
How a retrain is run belongs to the orchestration; measuring drift belongs to `trimtab.drift`.
"""
