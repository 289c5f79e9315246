"""The verdict on a bar file as one JSON document, as `trimtab bars check` prints it."""

from __future__ import annotations

from typing import Any

from trimtab.bars.checks import Verdict, judge
from trimtab.bars.files import BarFile
from trimtab.bars.schema import Bars
from trimtab.bars.times import iso


def check_file(file: BarFile) -> dict[str, Any]:
    """Judge every series of a file and describe what was found.

    `columns` says where each of our columns came from. Per instrument, `bars = accepted +
    quarantined`, and `flagged` counts accepted bars with a warning; a gap is about absent bars, so
    it is a finding and flags none.
    """
    return {
        "instruments": [describe_verdict(bars, judge(bars)) for bars in file.bars.values()],
        "columns": file.columns,
    }


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
    }
