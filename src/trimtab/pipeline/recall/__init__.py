"""Recall: from bars that turned out to be bad to everything that was built on them.

`report` says what is found, `changes` what happened to the bars themselves, `built` which stored
tables of features, samples and forecasts read them, `judged` which models and judgements come from
those, `peers` who reads the bars as those of a peer, `span` puts it together. Recall reads and never changes anything; retraining is another matter.
"""

from trimtab.pipeline.recall.report import RecallReport
from trimtab.pipeline.recall.span import recall

__all__ = ["RecallReport", "recall"]
