"""The command line: one noun per stage, `--json` on everything that reads.

Only Typer and the standard library are imported here, so `trimtab --help` answers at once;
each command imports what it needs when it runs. A command reads arguments, calls the library
and prints; it computes nothing.
"""

from __future__ import annotations


def main() -> None:
    """Entry point of the `trimtab` command."""
    from trimtab.cli.app import run_cli

    run_cli()
