"""`trimtab experiments ui`: MLflow's own interface over the runs of the lake."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from trimtab.cli.experiments.recorded import open_workspace
from trimtab.cli.up import require_free

HOST = "127.0.0.1"  # it has no login
FIRST_MESSAGE = """MLflow starts at http://{host}:{port}  (Ctrl-C stops it)
It opens on its pages for language models: choose "Model training" at the top left, once; the browser remembers it.
Or open the runs of a strategy:"""
LINK = "  {strategy}: http://{host}:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning"
OWN_WARNING = "ignore:starlette.middleware.wsgi is deprecated"  # about MLflow's own code


def ui(port: int = typer.Option(5000, min=1, max=65535, help="Port of the MLflow UI.")) -> None:
    """Start MLflow's UI on this machine, the runs copied there first; Ctrl-C stops it."""
    from trimtab.pipeline.tracking import copying_said, mirror_runs, uncopied_runs
    from trimtab.tracking.mlflow_mirror import MUTED, experiment_ids, tracking_uri

    require_free(HOST, port)
    workspace = open_workspace()
    lacking = uncopied_runs(workspace)
    if lacking:
        typer.echo(copying_said(len(lacking)), err=True)
    mirror_runs(workspace)
    uri = tracking_uri(workspace.lake.root, workspace.settings.mlflow_uri)
    if uri.startswith(("http://", "https://")):
        typer.echo(f"The runs are at {uri}, which serves its own interface")
        return
    typer.echo(FIRST_MESSAGE.format(host=HOST, port=port))
    for strategy, experiment in sorted(experiment_ids(workspace.lake.root).items()):
        typer.echo(LINK.format(strategy=strategy, host=HOST, port=port, experiment=experiment))
    done = subprocess.run(
        server_command(uri, port), env={**os.environ, **MUTED, "PYTHONWARNINGS": OWN_WARNING}, check=False
    )
    if done.returncode > 0:  # a signal ends it below nought
        raise typer.Exit(1)


def server_command(uri: str, port: int) -> list[str]:
    """The process that serves; one worker is enough for one person."""
    # Both stores and the names it answers to are given, for it tells at length of each that is not.
    hosts = ",".join(f"{name}:{port}" for name in (HOST, "localhost"))
    where = [
        "--backend-store-uri",
        uri,
        "--registry-store-uri",
        uri,
        "--allowed-hosts",
        hosts,
        "--host",
        HOST,
        "--port",
        str(port),
    ]
    return [sys.executable, "-m", "mlflow", "server", *where, "--workers", "1", "--uvicorn-opts", "--log-level warning"]
