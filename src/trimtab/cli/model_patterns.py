"""`trimtab models patterns`: the candlestick network, trained, evaluated and asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.compute import progress
from trimtab.cli.features.telling import counted, print_wrapped, refuse_overwriting
from trimtab.cli.output import print_json, print_table, words

if TYPE_CHECKING:
    import numpy as np

    from trimtab.bars import Bars
    from trimtab.models.candlestick_network.comparison import Comparison
    from trimtab.models.candlestick_network.evaluation import Evaluation
    from trimtab.models.candlestick_network.network import CandlestickNetwork
    from trimtab.models.candlestick_network.windows import Windows

app = typer.Typer(no_args_is_help=True)

SAMPLE = ("AAPL", "GOOG", "IBM", "MSFT")  # of the packaged sample, which is read where no file is named
N_PATTERNS = 15
BARS = typer.Option(None, "--bars", help="Bar file (CSV or Parquet), or a folder of them; absent, the packaged sample.")
TIMEFRAME = typer.Option(None, help="Length of a bar (1m ... 1w), where the file does not say.")
FOLDER = typer.Argument(help="Folder of `trimtab models patterns train`.")
JSON = typer.Option(False, "--json", help="One JSON document.")


@app.command("train")
def train_patterns(
    bars: Path | None = BARS,
    out: Path | None = typer.Option(
        None, help="Folder for the network; candlestick_network in the data folder when absent."
    ),
    test_from: datetime | None = typer.Option(
        None,
        formats=["%Y-%m-%d"],
        help="From this day (UTC) on nothing is seen; the last third of the time when absent.",
    ),
    epochs: int | None = typer.Option(None, min=1, max=1000, help="Passes over the windows, at most."),
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    timeframe: str | None = TIMEFRAME,
    json: bool = JSON,
) -> None:
    """Train the network and its linear baseline, and score both on instruments and years they have not seen."""
    import numpy as np

    with _networks():
        from trimtab.models.candlestick_network.comparison import compare
        from trimtab.models.candlestick_network.folder import save_to
        from trimtab.models.candlestick_network.split import make_split
        from trimtab.models.candlestick_network.training import plan_for
        from trimtab.models.protocol import FitContext
    from trimtab.config import load_settings

    settings = load_settings()
    windows = _windows(bars, timeframe)
    split = make_split(windows, test_from=None if test_from is None else np.datetime64(test_from, "us"))
    plan = plan_for(len(split.training(windows)), epochs)
    with progress("training", plan.settings.epochs + N_PATTERNS) as advance:
        context = FitContext(seed, settings.n_threads, watch=_Steps(advance))
        made = compare(windows, split, plan, context, advance)
    folder = out or settings.data_dir / "candlestick_network"
    digest = save_to(folder, made.model, windows)
    if json:
        print_json({"folder": folder, "manifest": digest, **made.document()})
    else:
        _print_comparison(made)
        print_wrapped(f"stored in {folder} as {digest[:12]}")


@app.command("evaluate")
def evaluate_patterns(
    folder: Path = FOLDER,
    bars: Path | None = BARS,
    everything: bool = typer.Option(False, "--all", help="Bars the network was trained on, too."),
    timeframe: str | None = TIMEFRAME,
    json: bool = JSON,
) -> None:
    """Score a stored network against the rules, on instruments and years it has not seen."""
    import numpy as np

    with _networks():
        from trimtab.models.candlestick_network.evaluation import evaluate
        from trimtab.models.candlestick_network.folder import load_from
    from trimtab.errors import NotEnoughDataError

    network = load_from(folder)
    windows = _windows(bars, timeframe)
    rows = np.arange(len(windows)) if everything else network.split.unseen(windows)
    if not len(rows):
        raise NotEnoughDataError(
            f"every bar given is of an instrument that trained the network or before {network.split.test_from}; "
            "give others, or say --all to score on what it has seen"
        )
    asked = windows.take(rows)
    result = evaluate(asked.labels, _told(network, asked), network.thresholds, asked.code)
    if json:
        print_json({"folder": folder, "left_out": len(windows) - len(rows), **result.document()})
        return
    _print_evaluation(result)
    if len(rows) < len(windows):
        left = counted(len(windows) - len(rows), "window")
        print_wrapped(f"{left} of what the network was trained on, or of that time, left out; --all takes them in")


@app.command("find")
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

    with _networks():
        from trimtab.models.candlestick_network.folder import load_from
    from trimtab.errors import ConfigurationError

    if out is not None and out.suffix.lower() != ".parquet":
        raise ConfigurationError(
            f"'{out}' does not end in .parquet; probabilities are written as Parquet, name the file so"
        )
    if out is not None and bars is not None:
        refuse_overwriting(out, bars)
    network = load_from(folder)
    windows = _windows(bars, timeframe)
    asked = windows if out is not None else windows.take(_newest(windows.code, newest))
    probability = _told(network, asked)
    if out is not None:
        _write(out, asked, probability)
    shown = np.arange(len(asked)) if out is None else _newest(asked.code, newest)
    told = list(_findings(network, asked.take(shown), probability[shown]))
    if json:
        print_json({"written": out, "bars": told})
        return
    _print_findings(told, newest)
    if out is not None:
        print_wrapped(f"{counted(len(asked), 'bar')} x {N_PATTERNS} probabilities written to {out}")


class _Steps:
    """A training's epochs as steps of a progress bar."""

    def __init__(self, advance: Callable[[], None]) -> None:
        self._advance = advance

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        self._advance()


@contextmanager
def _networks() -> Iterator[None]:
    from trimtab.errors import extra

    with extra("networks"):
        yield


def _windows(path: Path | None, timeframe: str | None) -> Windows:
    from trimtab.models.candlestick_network.windows import windows_of

    return windows_of(_accepted(path, timeframe))


def _accepted(path: Path | None, timeframe: str | None) -> Iterator[Bars]:
    """The bars the checks accept, of a file or of the packaged sample."""
    from trimtab.bars.sources.files import BarFiles
    from trimtab.bars.sources.sample import PackagedSample
    from trimtab.features.export import accepted_in_order
    from trimtab.market import Series, Timeframe

    if path is None:
        for name in SAMPLE:
            yield accepted_in_order(PackagedSample().fetch(Series(name, Timeframe.DAY)))
        return
    source = BarFiles(path, timeframe=None if timeframe is None else Timeframe.parse(timeframe))
    for series in source.instruments():
        yield accepted_in_order(source.fetch(series))


def _told(network: CandlestickNetwork, windows: Windows) -> np.ndarray:
    from trimtab.models.candlestick_network.network import CHUNK

    with progress("windows", -(-len(windows) // CHUNK)) as advance:
        return network.probabilities_of(windows, advance)


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


def _print_findings(told: list[dict[str, Any]], newest: int) -> None:
    rows = [
        {
            "series": each["series"],
            "bar": each["event_time"].removesuffix("Z").removesuffix("T00:00:00"),
            "pattern": words(pattern),
            "probability": each["probability"][pattern],
            "the rule": "present" if pattern in each["by_rule"] else "absent",
        }
        for each in told
        for pattern in each["present"]
    ]
    print_table(f"Patterns in the newest {counted(newest, 'bar')} of each series", rows)


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


def _print_comparison(made: Comparison) -> None:
    split = made.model.split
    rows = [
        {
            "pattern": words(ours.pattern),
            "cases trained": made.training_cases[ours.pattern],
            **_columns(ours),
            "linear F1": None if ours.is_too_few else theirs.f1,
            "linear AP": None if ours.is_too_few else theirs.average_precision,
        }
        for ours, theirs in zip(made.network.scores, made.linear.scores, strict=True)
    ]
    print_table("Instruments and years that were not seen (AP: average precision)", rows)
    print_wrapped(
        f"trained on {counted(made.n_drawn, 'window')} of {counted(len(split.trained), 'instrument')} before "
        f"{_day(split.validation_from)}, thresholds from {counted(made.n_validation, 'window')} before {_day(split.test_from)}"
    )
    _print_means("network", made.network)
    _print_means("linear", made.linear)


def _print_evaluation(result: Evaluation) -> None:
    print_table("The network beside the rules", [{"pattern": words(e.pattern), **_columns(e)} for e in result.scores])
    _print_means("network", result)


def _columns(score: Any) -> dict[str, Any]:
    """Scores of a pattern; too few cases to say are shown by their count alone."""
    names = {"precision": "precision", "recall": "recall", "f1": "F1", "average_precision": "AP"}
    told = {head: None if score.is_too_few else getattr(score, name) for name, head in names.items()}
    return {"cases": score.cases, "base rate": score.base_rate, **told}


def _print_means(name: str, result: Evaluation) -> None:
    from trimtab.models.candlestick_network.evaluation import FEWEST

    low, high = result.macro_average_precision.interval
    few = [words(each.pattern) for each in result.scores if each.is_too_few]
    print_wrapped(
        f"{name}: macro AP {result.macro_average_precision.value:.3f}"
        + (f" (95 % over instruments {low:.3f} to {high:.3f})" if math.isfinite(low) else "")
        + f", macro F1 {result.macro_f1.value:.3f}, micro F1 {result.micro_f1.value:.3f}, "
        f"{counted(result.n_windows, 'window')} of {counted(result.n_instruments, 'instrument')}"
        + (f"; fewer than {FEWEST} cases, too few to say: {', '.join(map(str, few))}" if few else "")
    )


def _day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))
