"""`trimtab drift`: how far the newest rows are from the rows a model was trained on."""

from __future__ import annotations

import typer

from trimtab.cli.output import print_json, print_table, words

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Drift snapshots."""


@app.command("show")
def show_drift(
    strategy: str = typer.Argument(help="Name of the strategy."),
    top: int = typer.Option(20, "--top", min=1, help="How many features to print."),
    json: bool = typer.Option(False, "--json", help="One JSON document, with every feature."),
) -> None:
    """The latest drift snapshot of a strategy, the features that moved most first."""
    from trimtab.config import load_settings
    from trimtab.errors import NotFoundError
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(load_settings())
    workspace.strategy(strategy)
    snapshot = workspace.registry.latest_drift_snapshot(strategy)
    if snapshot is None:
        raise NotFoundError(f"strategy '{strategy}' has no drift snapshot yet; say: trimtab run --strategy {strategy}")
    rows = [{"feature": name, **measured} for name, measured in snapshot.features.items()]
    rows.sort(key=lambda row: (-(row.get("psi") or 0.0), row["feature"]))
    if json:
        print_json(snapshot.__dict__ | {"features": rows})
        return
    typer.echo(
        f"{strategy}: {words(snapshot.status)} as of {snapshot.as_of:%Y-%m-%d}; "
        f"{snapshot.drifted_share:.0%} of {len(rows)} features drifted, {snapshot.unseen_share:.0%} of the rows are newer than the model"
    )
    columns = ["feature", "status", "psi", "ks", "ks_p_value", "wasserstein", "effective_n"]
    print_table("Features that moved most", [row | {"status": words(row["status"])} for row in rows[:top]], columns)
