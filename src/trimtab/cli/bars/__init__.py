"""`trimtab bars`: one module per command.

A command reads its arguments, calls the library and prints; a new one is a function in a module of
its own and one line here.
"""

from __future__ import annotations

import typer

from trimtab.cli.bars import actions, inbox, quarantine
from trimtab.cli.bars.check import check
from trimtab.cli.bars.compact import compact
from trimtab.cli.bars.ingest import ingest
from trimtab.cli.bars.recall import recall
from trimtab.cli.bars.resample import resample
from trimtab.cli.bars.show import show
from trimtab.cli.bars.stored import list_stored

app = typer.Typer(no_args_is_help=True)
app.command("check")(check)
app.command("ingest")(ingest)
app.command("list")(list_stored)
app.command("show")(show)
app.command("resample")(resample)
app.command("compact")(compact)
app.command("recall")(recall)
app.add_typer(actions.app, name="actions", help="Splits and dividends: list, import.")
app.add_typer(inbox.app, name="inbox", help="The folder that is watched: list, ingest.")
app.add_typer(quarantine.app, name="quarantine", help="Refused bars: list, show, release, reject, correct.")
