"""Has the input changed? Recent feature rows (current) against the rows a model was trained on (reference).

How far apart: `trimtab.metrics.distributions`. Whether that could be chance when rows are autocorrelated: `effective_size`
and `p_values`. Over many features at once: `trimtab.metrics.multiple_testing`. All together: `snapshot`; for people: `plots`.
A new distance between two samples goes there; what says whether it matters, here. Errors of a model against realised
outcomes belong to `trimtab.monitoring`; deciding to retrain belongs to `trimtab.retraining`.
"""
