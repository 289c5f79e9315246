"""Has the input changed? Recent feature rows (current) against the rows a model was trained on (reference).

How far apart: `measures`. Whether that could be chance when rows are autocorrelated: `effective_size`
and `p_values`. Over many features at once: `multiple`. All together: `snapshot`; for people: `plots`.
Add a measure here when it compares two samples of one column. Errors of a model against realised
outcomes belong to `trimtab.monitoring`; deciding to retrain belongs to `trimtab.retraining`.
"""
