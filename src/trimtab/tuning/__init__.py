"""Searching parameters: studies on purged folds, stored in the registry database, resumable.

`study` runs one, `trials` one trial of it; `samplers` say what is tried next, `pruning` when a trial
stops early, `narrowing` what earlier studies leave to search, `choice` which trial wins. `workers` and
`worker` run the trials of one study in several processes, `stored` reads back what is in the database,
`trial_forecasts` what every trial said out of fold.

What a family allows and what may be searched belongs to `trimtab.models`; how folds are cut to
`trimtab.validation`; counting trials against luck to the registry's trial ledger.
"""
