"""`trimtab datasets`: the frozen datasets, what they were made from, and whether they can be made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_datasets(json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """Every stored dataset."""
    from trimtab.datasets.snapshot import read_recipe, stored_fingerprints

    lake = _workspace().lake
    rows = [{"fingerprint": name, **_in_short(read_recipe(lake, name))} for name in stored_fingerprints(lake)]
    if json:
        print_json({"datasets": rows})
        return
    print_table("Datasets", [row | {"fingerprint": row["fingerprint"][:12]} for row in rows])


@app.command("show")
def show_dataset(
    fingerprint: str = typer.Argument(help="The fingerprint, or how it begins."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """One dataset: its size and its recipe. Its content is verified against its fingerprint."""
    from trimtab.datasets.snapshot import find_fingerprint, load_snapshot

    lake = _workspace().lake
    name = find_fingerprint(lake, fingerprint)
    dataset, recipe = load_snapshot(lake, name)
    document: dict[str, Any] = {
        "fingerprint": name,
        "samples": len(dataset),
        "task": dataset.task,
        "horizon": dataset.horizon,
        "first_decision": str(dataset.decision_time[0]) + "Z",
        "last_decision": str(dataset.decision_time[-1]) + "Z",
        "recipe": recipe | {"as_of": recipe["as_of"] + "Z"},
    }
    if json:
        print_json(document)
        return
    shown = document | _in_short(recipe) | {"features": len(recipe["features"])}
    print_table(f"Dataset {name[:12]}", [{"what": k, "value": str(v)} for k, v in shown.items() if k != "recipe"])


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
        typer.echo(f"identical: {len(dataset)} samples built again from the bar store give the fingerprint {name}")
    if name != rebuilt:
        raise DatasetError(
            f"dataset {name[:12]} built again gives {rebuilt[:12]}: the bars, a library or the code have changed"
        )


def _in_short(recipe: dict[str, Any]) -> dict[str, Any]:
    return {
        "as_of": recipe["as_of"][:10],
        "instruments": ", ".join(recipe["instruments"]),
        "timeframe": recipe["timeframe"],
        "label": f"{recipe['label']['kind']} over {recipe['label']['horizons'][0]} bars",
        "features": len(recipe["features"]),
    }


def _workspace() -> Workspace:
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    return Workspace.open(load_settings())
