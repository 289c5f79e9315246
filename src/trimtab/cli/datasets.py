"""`trimtab datasets`: the frozen datasets, what they were made from, and whether they can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table, shown

if TYPE_CHECKING:
    from trimtab.datasets.compare import Comparison
    from trimtab.pipeline.dataset_comparison import BarsBetween
    from trimtab.pipeline.workspace import Workspace
    from trimtab.storage.lake import Lake

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_datasets(json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """Every stored dataset."""
    from trimtab.datasets.snapshot import read_recipe, stored_fingerprints

    lake = _workspace().lake
    rows = [
        {"fingerprint": name, "samples": _n_samples(lake, name), **_in_short(read_recipe(lake, name))}
        for name in stored_fingerprints(lake)
    ]
    if json:
        print_json({"datasets": rows})
        return
    print_table("Datasets", [row | {"fingerprint": row["fingerprint"][:12]} for row in rows])


@app.command("show")
def show_dataset(
    fingerprint: str = typer.Argument(help="The fingerprint, or how it begins."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """One dataset: its size, its labels, its recipe, and the bars that are no samples. Its content is verified."""
    from trimtab.bars.times import iso
    from trimtab.datasets.snapshot import find_fingerprint, load_snapshot, read_left_out
    from trimtab.pipeline.dataset_report import labels_by_horizon, samples_by_instrument

    lake = _workspace().lake
    name = find_fingerprint(lake, fingerprint)
    dataset, recipe = load_snapshot(lake, name)
    document: dict[str, Any] = {
        "fingerprint": name,
        "samples": len(dataset),
        "task": dataset.task,
        "horizon": dataset.horizon,
        "by_instrument": samples_by_instrument(dataset),
        "labels": labels_by_horizon(dataset),
        "history_bars": 0 if dataset.history is None else len(dataset.history.features),
        "left_out": read_left_out(lake, name),
        "first_decision": iso(dataset.decision_time[0]),
        "last_decision": iso(dataset.decision_time[-1]),
        "recipe": recipe | {"as_of": _as_of(recipe)},
    }
    if json:
        print_json(document)
        return
    _print_dataset(document | _in_short(recipe) | _rules_in_short(recipe))


def _print_dataset(document: dict[str, Any]) -> None:
    hidden = {"recipe", "by_instrument", "labels", "left_out"}
    told = [{"what": key, "value": shown(value)} for key, value in document.items() if key not in hidden]
    print_table(f"Dataset {document['fingerprint'][:12]}", told)
    print_table("Samples by instrument", document["by_instrument"])
    print_table("Labels by horizon", document["labels"])
    if document["left_out"]:
        left_out = [{"reason": reason, "bars": n} for reason, n in document["left_out"].items()]
        print_table("Bars that are no samples", left_out)


@app.command("rebuild")
def rebuild(
    fingerprint: str = typer.Argument(help="The fingerprint, or how it begins."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Build a dataset again from the bars as they were known then, and compare the fingerprints."""
    from trimtab.datasets.snapshot import find_fingerprint
    from trimtab.errors import DatasetError
    from trimtab.pipeline.datasets import rebuild_dataset

    workspace = _workspace()
    name = find_fingerprint(workspace.lake, fingerprint)
    rebuilt, dataset = rebuild_dataset(workspace, name)
    if json:
        print_json({"fingerprint": name, "rebuilt": rebuilt, "identical": name == rebuilt, "samples": len(dataset)})
    elif name == rebuilt:
        typer.echo(f"identical: {len(dataset):,} samples built again from the bar store give the fingerprint {name}")
    if name != rebuilt:
        raise DatasetError(
            f"dataset {name[:12]} built again gives {rebuilt[:12]}: the bars, a library or the code have changed"
        )


@app.command("compare")
def compare(
    one: str = typer.Argument(help="A fingerprint, or how it begins."),
    other: str = typer.Argument(help="Another."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """What changed from one dataset to another: recipe, bars, samples, labels, weights, features."""
    from trimtab.datasets.snapshot import find_fingerprint
    from trimtab.pipeline.dataset_comparison import compare_stored

    workspace = _workspace()
    names = [find_fingerprint(workspace.lake, each) for each in (one, other)]
    found, bars = compare_stored(workspace, *names)
    if json:
        print_json({"one": names[0], "other": names[1], **_compared(found, bars)})
    else:
        _print_comparison(_compared(found, bars))


def _compared(found: Comparison, bars: Sequence[BarsBetween]) -> dict[str, Any]:
    told = {"identical": found.is_identical, "bars": [asdict(each) for each in bars], "summary": found.summary}
    return asdict(found) | told


def _print_comparison(document: dict[str, Any]) -> None:
    typer.echo(document["summary"])
    recipe = [row | {"one": shown(row["one"]), "other": shown(row["other"])} for row in document["recipe"]]
    for title, rows in (
        ("Bars that differ", document["bars"]),
        ("Recipe", recipe),
        ("Features with other values", document["features"]),
    ):
        if rows:
            print_table(title, list(rows))


@app.command("split")
def split(
    fingerprint: str = typer.Argument(help="The fingerprint, or how it begins."),
    shares: str = typer.Option(
        "60/20/20", help="Train, validation and test of the decision times: 60/20/20, or 0.6/0.2/0.2."
    ),
    embargo: str = typer.Option("0d", help="Time between a training label's end and what follows, such as 3d."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """A dataset cut by time in three: dates, samples, and how many were purged between."""
    from trimtab.config.strategy import parse_duration
    from trimtab.datasets.snapshot import find_fingerprint, load_snapshot
    from trimtab.datasets.three_parts import parse_shares, three_parts
    from trimtab.errors import ConfigurationError

    wanted = parse_shares(shares)
    try:
        margin = parse_duration(embargo)
    except ValueError as error:
        raise ConfigurationError(f"embargo is '{embargo}'; {error}") from None
    lake = _workspace().lake
    name = find_fingerprint(lake, fingerprint)
    dataset, _ = load_snapshot(lake, name)
    rows = three_parts(dataset, wanted, margin).table(dataset)
    if json:
        print_json({"fingerprint": name, "shares": wanted, "parts": rows})
        return
    print_table(f"Dataset {name[:12]} cut {shares}", rows)


def _rules_in_short(recipe: dict[str, Any]) -> dict[str, Any]:
    """The rules that are not the defaults."""
    from trimtab.datasets.recipe import rules_of

    plain, own = rules_of({}).model_dump(), rules_of(recipe).model_dump()
    return {key: value for key, value in own.items() if value != plain[key]}


def _in_short(recipe: dict[str, Any]) -> dict[str, Any]:
    return {
        "as_of": _as_of(recipe),
        "instruments": ", ".join(recipe["instruments"]),
        "timeframe": recipe["timeframe"],
        "label": f"{recipe['label']['kind']} over {', '.join(map(str, recipe['label']['horizons']))} bars",
        "features": len(recipe["features"]),
    }


def _as_of(recipe: dict[str, Any]) -> str:
    from trimtab.datasets.recipe import as_of

    return as_of(recipe).isoformat().replace("+00:00", "Z")


def _n_samples(lake: Lake, name: str) -> int | None:
    """How many samples a stored dataset has; None where its table cannot be read: the list shows the others."""
    from trimtab.errors import TrimtabError

    try:
        return int(lake.tables.read(f"datasets/{name}/samples", columns=["target"]).num_rows)
    except TrimtabError:
        return None


def _workspace() -> Workspace:
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    return Workspace.open(load_settings())
