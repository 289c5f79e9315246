"""`trimtab experiments`: the recorded runs; one module per command.

Everything here reads the lake's own record and needs no MLflow, but for `mirror` and `ui`, which show it there.
"""

from __future__ import annotations

import typer

from trimtab.cli.experiments.clean import clean
from trimtab.cli.experiments.compare import compare
from trimtab.cli.experiments.list import list_runs
from trimtab.cli.experiments.mirror import mirror
from trimtab.cli.experiments.search import search
from trimtab.cli.experiments.show import show
from trimtab.cli.experiments.ui import ui

app = typer.Typer(no_args_is_help=True)
app.command("list")(list_runs)
app.command("show")(show)
app.command("compare")(compare)
app.command("search")(search)
app.command("clean")(clean)
app.command("mirror")(mirror)
app.command("ui")(ui)
