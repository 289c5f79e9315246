"""The verdict on a bar file as one JSON document, as `trimtab bars check` prints it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from trimtab.bars.actions.adjust import split_factor
from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.checks import Verdict, judge, judge_actions
from trimtab.bars.checks.single_bar import is_complete
from trimtab.bars.files import BarFile
from trimtab.bars.schema import TIME, Bars
from trimtab.bars.times import iso
from trimtab.config.quality import CheckLimits
from trimtab.market.calendar import SessionCalendar, calendar_for

_DEFAULT_LIMITS = CheckLimits()


def check_file(
    file: BarFile, limits: CheckLimits = _DEFAULT_LIMITS, calendar: SessionCalendar | None = None
) -> dict[str, Any]:
    """Judge every series of a file and describe what was found.

    `columns` says where each of our columns came from. Per instrument, `bars = accepted +
    quarantined`, and `flagged` counts accepted bars with a warning; a gap is about absent bars, so
    it is a finding and flags none. `checks` says per check how many findings there are and which
    share of the bars they are about; `calendar` is the one gaps were held against.

    Parameters
    ----------
    limits: where the checks begin to object.
    calendar: when the market is open; absent, the bars of each series say it (`calendar_for`).
    """
    described = []
    for series, bars in file.bars.items():
        open_on = calendar or calendar_for(series, bars.event_time[is_complete(bars)])
        # A calendar that was only guessed from the bars says nothing against one of them.
        verdict = _judge_told(file, bars, limits, calendar)
        described.append(describe_verdict(bars, verdict) | {"calendar": open_on.name})
    return {"instruments": described, "columns": file.columns}


def describe_verdict(bars: Bars, verdict: Verdict) -> dict[str, Any]:
    """The entry of one series in the document."""
    accepted = int(verdict.accepted.sum())
    return {
        "instrument_id": bars.series.instrument_id,
        "timeframe": bars.series.timeframe.value,
        "bars": len(bars),
        "accepted": accepted,
        "quarantined": len(bars) - accepted,
        "flagged": int(verdict.flagged.sum()),
        "findings": [
            {
                "check": finding.check,
                "event_time": iso(finding.event_time),
                "severity": finding.severity,
                "detail": finding.detail,
            }
            for finding in verdict.findings
        ],
        "checks": _by_check(verdict),
    }


def _by_check(verdict: Verdict) -> dict[str, dict[str, Any]]:
    """Per check, how many findings and the share of the bars they are about (0 for absent bars)."""
    findings = Counter(finding.check for finding in verdict.findings)
    about = Counter(check for check, index in {(f.check, f.index) for f in verdict.findings if f.index >= 0})
    return {
        check: {"findings": findings[check], "share": about[check] / len(verdict.accepted)}
        for check in sorted(findings)
    }


def _judge_told(file: BarFile, bars: Bars, limits: CheckLimits, calendar: SessionCalendar | None) -> Verdict:
    """The verdict on a series and on what the file tells of its splits and dividends."""
    actions = file.actions[bars.series]
    if len(actions) == 0:
        return judge(bars, calendar=calendar, limits=limits)
    if not _lacks_factor(file):
        return judge(bars, calendar=calendar, limits=limits, actions=actions)
    believed = judge_actions(bars, actions, limits)
    unseen = [finding.event_time for finding in believed.findings if finding.check == "unconfirmed_split"]
    splits = actions.take((actions.kind == ActionKind.SPLIT) & believed.accepted)
    seen = splits.take(~np.isin(splits.ex_time, np.array(unseen, TIME)))
    verdict = judge(_at_level(bars, seen), calendar=calendar, limits=limits)
    # Where no split shows, the file's prices are adjusted for splits already: nothing is wrong.
    told = [f for f in believed.findings if len(seen) or f.check != "unconfirmed_split"]
    return Verdict(verdict.accepted, (*verdict.findings, *told))


def _lacks_factor(file: BarFile) -> bool:
    return file.columns.get("factor", "").startswith("1 (")


def _at_level(bars: Bars, splits: Actions) -> Bars:
    return bars if len(splits) == 0 else replace(bars, factor=bars.factor * split_factor(bars, splits))
