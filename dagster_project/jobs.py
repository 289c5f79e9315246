"""Jobs: which assets are made together.

| job | assets | partition | started by |
|---|---|---|---|
| `inbox_job` | files of the inbox | – | the sensor `inbox`, once per file; a refresh follows by a sensor |
| `refresh_job` | bars, facts and the features that strategies use | series | the daily schedule, the sensor `refresh_after_inbox`; drift snapshots follow by a sensor |
| `market_data_job` | bars, facts and the features that strategies use | series | a person, `trimtab run` |
| `drift_job` | drift snapshots | strategy | the sensor `drift_after_refresh` |
| `strategy_job` | dataset to decision | strategy | a person, `trimtab run` |
| `retrain_job` | dataset to decision | strategy | schedules of the strategy files, the sensor `drift_retrain` |
| `prune_job` | none | – | the weekly schedule |

A run of `retrain_job` is followed in the ledger of retraining jobs; one of `strategy_job` is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project.assets.features import feature_assets
from dagster_project.assets.inbox import NAME as INBOX_FILES
from trimtab.config import Strategy

INBOX = "inbox_job"
REFRESH = "refresh_job"
MARKET_DATA = "market_data_job"
DRIFT = "drift_job"
STRATEGY = "strategy_job"
RETRAIN = "retrain_job"

_INBOX_ASSETS = dg.AssetSelection.assets(INBOX_FILES)
_STRATEGY_ASSETS = dg.AssetSelection.groups("datasets", "models", "evidence", "monitoring", "governance")


def build_asset_jobs(strategies: Mapping[str, Strategy]) -> dict[str, Any]:
    """The jobs that make assets, by name; their partitions are those of their assets.

    Families of features that no strategy uses are left to a person, who finds them in the graph.
    """
    drift = dg.AssetSelection.assets("drift_snapshot")
    features = dg.AssetSelection.assets(*feature_assets(strategies.values()))
    market_data = (dg.AssetSelection.groups("market_data") - _INBOX_ASSETS) | features
    jobs = (
        _job(INBOX, "The bars of one file delivered to the inbox; a refresh follows.", _INBOX_ASSETS),
        _job(REFRESH, "Bars, facts and features of the series, every day; drift snapshots follow.", market_data),
        _job(MARKET_DATA, "Bars, facts and features of the series; nothing follows.", market_data),
        _job(DRIFT, "A drift snapshot of a strategy.", drift),
        _job(STRATEGY, "Dataset to decision of a strategy, started by a person.", _STRATEGY_ASSETS),
        _job(RETRAIN, "Dataset to decision of a strategy, followed in the retraining ledger.", _STRATEGY_ASSETS),
    )
    return {job.name: job for job in jobs}


def _job(name: str, description: str, selection: dg.AssetSelection) -> Any:
    return dg.define_asset_job(name, selection=selection, description=description)
