"""`trimtab facts`: figures and texts about instruments, one module per command."""

from __future__ import annotations

import typer

from trimtab.cli.facts.forget import forget
from trimtab.cli.facts.ingest import ingest
from trimtab.cli.facts.show import show
from trimtab.cli.facts.stored import list_stored

app = typer.Typer(no_args_is_help=True)
app.command("ingest")(ingest)
app.command("list")(list_stored)
app.command("show")(show)
app.command("forget")(forget)
