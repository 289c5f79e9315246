"""`trimtab experiments ui`: MLflow's own interface over the runs of the lake."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from trimtab.cli.experiments.recorded import open_workspace
from trimtab.cli.up import require_free

HOST = "127.0.0.1"  # it has no login
# Without the last part the interface opens on its pages for language models.
FIRST_MESSAGE = "MLflow starts at http://{host}:{port}/#/experiments?workflowType=machine_learning  (Ctrl-C stops it)"


def ui(port: int = typer.Option(5000, min=1, max=65535, help="Port of the MLflow UI.")) -> None:
    """Start MLflow's UI on this machine, the runs copied there first; Ctrl-C stops it."""
    from trimtab.pipeline.tracking import mirror_runs
    from trimtab.tracking.mlflow_mirror import MUTED, tracking_uri

    require_free(HOST, port)
    workspace = open_workspace()
    mirror_runs(workspace)
    uri = tracking_uri(workspace.lake.root, workspace.settings.mlflow_uri)
    if uri.startswith(("http://", "https://")):
        typer.echo(f"The runs are at {uri}, which serves its own interface")
        return
    typer.echo(FIRST_MESSAGE.format(host=HOST, port=port))
    done = subprocess.run(server_command(uri, port), env={**os.environ, **MUTED}, check=False)
    if done.returncode > 0:  # a signal ends it below nought
        raise typer.Exit(1)


def server_command(uri: str, port: int) -> list[str]:
    """The process that serves; one worker is enough for one person."""
    where = ["--backend-store-uri", uri, "--host", HOST, "--port", str(port)]
    return [sys.executable, "-m", "mlflow", "server", *where, "--workers", "1", "--uvicorn-opts", "--log-level warning"]
