"""`trimtab features`: one module per command.

A command reads its arguments, calls the library and prints; a new one is a function in a module of
its own and one line here.
"""

from __future__ import annotations

import typer

from trimtab.cli.features.certify import certify
from trimtab.cli.features.compute import compute
from trimtab.cli.features.latest import latest
from trimtab.cli.features.list import list_features
from trimtab.cli.features.matrix import matrix
from trimtab.cli.features.show import show
from trimtab.cli.features.update import update
from trimtab.cli.features.validate import validate
from trimtab.cli.features.warmup import warmup

app = typer.Typer(no_args_is_help=True)
app.command("list")(list_features)
app.command("show")(show)
app.command("compute")(compute)
app.command("certify")(certify)
app.command("update")(update)
app.command("matrix")(matrix)
app.command("latest")(latest)
app.command("validate")(validate)
app.command("warmup")(warmup)
