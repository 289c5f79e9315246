"""Orchestration: the pipeline of trimtab as Dagster assets, jobs, schedules and sensors.

What lives here is wiring only: which asset depends on which, how it is partitioned, when it runs and
what of its result is shown. A stage computes nothing here; it calls one function of
`trimtab.pipeline`. Add a module when Dagster gets a new kind of thing to do (a job, a sensor), and an
entry in `assets/` when the pipeline gets a new stage. Formulas, stores and rules belong to `trimtab`.
"""
