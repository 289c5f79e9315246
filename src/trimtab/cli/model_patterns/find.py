"""`trimtab models patterns find`: the probability of each pattern at each bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.telling import counted, print_wrapped, refuse_overwriting
from trimtab.cli.model_patterns.inputs import (
    BARS,
    FOLDER,
    JSON,
    N_PATTERNS,
    TIMEFRAME,
    needs_networks,
    told,
    windows_of_bars,
)
from trimtab.cli.output import print_json, print_table, words

if TYPE_CHECKING:
    import numpy as np

    from trimtab.models.candlestick_network.network import CandlestickNetwork
    from trimtab.models.candlestick_network.windows import Windows


def find_patterns(
    folder: Path = FOLDER,
    bars: Path | None = BARS,
    out: Path | None = typer.Option(None, help="Parquet file to write: every bar, a probability per pattern."),
    newest: int = typer.Option(20, min=1, help="Bars of each series to tell about, the newest."),
    timeframe: str | None = TIMEFRAME,
    json: bool = JSON,
) -> None:
    """Tell the probability of each pattern at each bar."""
    import numpy as np

    with needs_networks():
        from trimtab.models.candlestick_network.folder import load_from
        from trimtab.models.candlestick_network.patterns import PATTERNS
    from trimtab.errors import ConfigurationError

    if out is not None and out.suffix.lower() != ".parquet":
        raise ConfigurationError(
            f"'{out}' does not end in .parquet; probabilities are written as Parquet, name the file so"
        )
    if out is not None and bars is not None:
        refuse_overwriting(out, bars)
    network = load_from(folder)
    windows = windows_of_bars(bars, timeframe)
    asked = windows if out is not None else windows.take(_newest(windows.code, newest))
    probability = told(network, asked)
    if out is not None:
        _write(out, asked, probability)
    shown = np.arange(len(asked)) if out is None else _newest(asked.code, newest)
    findings = list(_findings(network, asked.take(shown), probability[shown]))
    thresholds = dict(zip(PATTERNS, network.thresholds.tolist(), strict=True))
    if json:
        print_json({"written": out, "bars": findings, "thresholds": thresholds})
        return
    _print_findings(findings, thresholds, newest)
    if out is not None:
        print_wrapped(f"{counted(len(asked), 'bar')} x {N_PATTERNS} probabilities written to {out}")


def _newest(code: np.ndarray, n: int) -> np.ndarray:
    """The last n windows of each series; they stand together and in order."""
    import numpy as np

    rows = np.arange(len(code))
    return rows[rows >= np.searchsorted(code, code, side="right") - n]


def _findings(network: CandlestickNetwork, windows: Windows, probability: np.ndarray) -> Iterator[dict[str, Any]]:
    from trimtab.models.candlestick_network.patterns import PATTERNS

    times = windows.event_time.tolist()
    for row, said in enumerate(probability):
        yield {
            "series": str(windows.series[windows.code[row]]),
            "event_time": times[row].isoformat() + "Z",
            "present": [
                p for p, value, limit in zip(PATTERNS, said, network.thresholds, strict=True) if value >= limit
            ],
            "by_rule": [p for p, is_there in zip(PATTERNS, windows.labels[row], strict=True) if is_there],
            "probability": dict(zip(PATTERNS, said.tolist(), strict=True)),
        }


def _print_findings(findings: list[dict[str, Any]], thresholds: Mapping[str, float], newest: int) -> None:
    rows = [
        {
            "series": each["series"],
            "bar": each["event_time"].removesuffix("Z").removesuffix("T00:00:00"),
            "pattern": words(pattern),
            "probability": each["probability"][pattern],
            "threshold": thresholds[pattern],
            "the rule": "present" if pattern in each["by_rule"] else "absent",
        }
        for each in findings
        for pattern in each["present"]
    ]
    where = f"in the newest {counted(newest, 'bar')} of each series"
    if not rows:
        print_wrapped(f"no patterns {where}: no probability reaches the threshold of its pattern")
        return
    print_table(f"Patterns {where}", rows)
    print_wrapped(
        "listed from the threshold of its pattern on, which gave the highest F1 on the validation windows; a low one "
        "means a network that is seldom sure: `trimtab models patterns evaluate` says how good it is"
    )


def _write(out: Path, windows: Windows, probability: np.ndarray) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from trimtab.models.candlestick_network.patterns import PATTERNS
    from trimtab.storage.atomic import write_atomically

    ids = np.array([each.instrument_id for each in windows.series])[windows.code]
    frames = np.array([each.timeframe.value for each in windows.series])[windows.code]
    times = pa.array(windows.event_time, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    keys = {"instrument_id": pa.array(ids), "timeframe": pa.array(frames), "event_time": times}
    table = pa.table({**keys, **dict(zip(PATTERNS, probability.T, strict=True))})
    write_atomically(out, lambda temporary: pq.write_table(table, temporary, compression="zstd"))
