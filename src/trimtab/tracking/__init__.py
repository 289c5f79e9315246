"""Recording what was tried: parameters, metrics by step, artifacts, environment and resources of every run.

A stage writes through the small protocol in `protocol`; `NoTracking` writes nothing, `LakeTracker` writes
plain JSON into the lake, which is the record. MLflow is a view: `mlflow_mirror` copies finished runs into
it, when it is installed and asked for. Comparing, searching and cleaning read the lake and need no MLflow.
Which stages are recorded, and what protects a run from being cleaned, is told by
`trimtab.pipeline.tracking` and `trimtab.pipeline.run_cleaning`.
"""
