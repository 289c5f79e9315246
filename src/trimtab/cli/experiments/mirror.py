"""`trimtab experiments mirror`: the runs copied to MLflow."""

from __future__ import annotations

import typer

from trimtab.cli.experiments.recorded import open_workspace


def mirror() -> None:
    """Copy the finished runs that MLflow does not have yet. `trimtab run` does it by itself where MLflow is installed."""
    from trimtab.pipeline.tracking import copying_said, mirror_runs, uncopied_runs

    workspace = open_workspace()
    lacking = uncopied_runs(workspace)
    if lacking:
        typer.echo(copying_said(len(lacking)), err=True)
    copied = mirror_runs(workspace)
    typer.echo(f"{len(copied)} runs copied to MLflow" if copied else "MLflow has every finished run already")
