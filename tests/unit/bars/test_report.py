"""The document of `trimtab bars check`, in the shape other programs rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fakes.bars import random_walk
from fakes.dividend_payers import paying

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import CheckLimits
from trimtab.bars.files import read_bar_file
from trimtab.bars.report import check_file
from trimtab.bars.schema import Bars
from trimtab.market.calendar import SessionCalendar

RELIED_ON = {"instrument_id", "timeframe", "bars", "accepted", "quarantined", "flagged", "findings"}


def written(path: Path, bars: Bars, actions: Actions, level: float = 1.0, *, adjusted: bool = True) -> Path:
    """The bars as a CSV export with dividends and splits; prices before row 120 are multiplied by `level`."""
    told = {kind: dict(zip(actions.ex_time.astype(str), actions.value, strict=True)) for kind in ("dividend", "split")}
    for row, kind in enumerate(actions.kind):
        del told["split" if kind == "dividend" else "dividend"][str(actions.ex_time[row])]
    lines = ["Date,Open,High,Low,Close,Volume,Dividends,Stock Splits" + (",Adj Close" if adjusted else "")]
    for row, time in enumerate(bars.event_time.astype(str)):
        by = level if row < 120 else 1.0
        prices = [getattr(bars, name)[row] * by for name in ("open", "high", "low", "close")]
        values = [*prices, bars.volume[row], told["dividend"].get(time, 0.0), told["split"].get(time, 0.0)]
        values += [bars.close[row] * bars.factor[row]] if adjusted else []
        lines.append(",".join([time[:10], *map(repr, map(float, values))]))
    path.write_text("\n".join(lines))
    return path


def checks_of(path: Path, **options: Any) -> dict[str, Any]:
    (instrument,) = check_file(read_bar_file(path), **options)["instruments"]
    checks: dict[str, Any] = instrument["checks"]
    return checks


def split(bars: Bars, ratio: float) -> Actions:
    return Actions.build("AAA", bars.event_time[[120]], ["split"], [ratio])


def test_the_document_has_the_documented_shape(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(
        "symbol,timeframe,ts,open,high,low,close,volume\n"
        "A,1d,2020-01-02,1,1,1,1,1\nA,1d,2020-01-03,1,1,1,1,0\nA,1d,2020-01-06,1,1,1,-1,2\nB,1d,2020-01-06,1,1,1,1,2\n"
    )
    document = check_file(read_bar_file(path))
    assert json.loads(json.dumps(document)) == document
    assert [set(one) for one in document["instruments"]] == [RELIED_ON | {"checks", "calendar"}] * 2
    first = document["instruments"][0]
    assert (first["instrument_id"], first["timeframe"], first["calendar"]) == ("A", "1d", "XNYS")
    assert (first["bars"], first["accepted"], first["quarantined"], first["flagged"]) == (3, 2, 1, 1)
    assert {"check": "zero_volume", "event_time": "2020-01-03T00:00:00Z", "severity": "warning"}.items() <= first[
        "findings"
    ][0].items()
    assert first["checks"]["zero_volume"] == {"findings": 1, "share": 1 / 3}
    assert document["instruments"][1]["checks"] == {}
    assert document["columns"]["event_time"] == "ts (dates)"


def test_dividends_of_the_file_are_held_against_its_adjusted_close(tmp_path: Path) -> None:
    bars, actions = paying([60, 120], [0.012, 0.013])
    good = written(tmp_path / "good.csv", bars, actions)
    assert checks_of(good) == {}
    missing = good.read_text().replace(f"{float(actions.value[0])!r}", "0.0")
    (tmp_path / "bad.csv").write_text(missing)
    assert checks_of(tmp_path / "bad.csv") == {"wrong_adjustment": {"findings": 1, "share": 1 / 400}}


def test_without_an_adjusted_close_a_told_split_explains_its_jump(tmp_path: Path) -> None:
    bars = random_walk(300, seed=3)
    as_traded = written(tmp_path / "a.csv", bars, split(bars, 4.0), level=4.0, adjusted=False)
    assert checks_of(as_traded) == {}
    untold = written(tmp_path / "b.csv", bars, Actions.empty("AAA"), level=4.0, adjusted=False)
    assert set(checks_of(untold)) == {"unadjusted_split"}


def test_without_an_adjusted_close_prices_adjusted_for_splits_are_no_finding(tmp_path: Path) -> None:
    bars = random_walk(300, seed=3)
    assert checks_of(written(tmp_path / "a.csv", bars, split(bars, 4.0), adjusted=False)) == {}


def test_an_impossible_action_of_a_file_is_said(tmp_path: Path) -> None:
    bars = random_walk(300, seed=3)
    told = Actions.build("AAA", bars.event_time[[120]], ["dividend"], [1e6])
    assert checks_of(written(tmp_path / "a.csv", bars, told, adjusted=False)) == {
        "impossible_action": {"findings": 1, "share": 0.0}
    }


def test_limits_and_calendar_are_the_callers(tmp_path: Path) -> None:
    bars = random_walk(300, seed=3)
    path = written(tmp_path / "a.csv", bars, Actions.empty("AAA"), level=1 / 0.38, adjusted=False)
    assert set(checks_of(path)) == {"unexplained_jump"}
    assert checks_of(path, limits=CheckLimits(jump_return=2.0)) == {}
    document = check_file(read_bar_file(path), calendar=SessionCalendar("weekdays"))
    assert document["instruments"][0]["calendar"] == "weekdays"
