"""`python -m dagster_project.serve prepare|webserver|daemon`: Dagster's own processes on the managed home.

`prepare` writes the home and marks dead runs; the other two become the webserver and the daemon.
`trimtab up` starts them and keeps them together; under systemd or in a container each can be started
on its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dagster_project.home import dagster_environment, write_home
from trimtab.config import Settings, load_settings, load_strategies
from trimtab.errors import TrimtabError


def webserver_command(home: Path, host: str, port: int) -> list[str]:
    """The command line of the webserver. It has no login, so it listens on loopback unless told otherwise."""
    program = [sys.executable, "-m", "dagster_webserver", "-w", str(home / "workspace.yaml")]
    return [
        *program,
        "-h",
        host,
        "-p",
        str(port),
        "--dagster-log-level",
        "warning",
        "--code-server-log-level",
        "warning",
    ]


def daemon_command(home: Path) -> list[str]:
    """The command line of the daemon: schedules, sensors, queue."""
    return [
        sys.executable,
        "-m",
        "dagster._daemon",
        "run",
        "-w",
        str(home / "workspace.yaml"),
        "--log-level",
        "warning",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code of `prepare`, and does not return from the other two."""
    parser = argparse.ArgumentParser(prog="python -m dagster_project.serve", description=__doc__)
    parser.add_argument("what", choices=["prepare", "webserver", "daemon"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if given.what == "prepare":
            prepare(settings)
            return 0
        environment, home = dagster_environment(settings, os.environ), write_home(settings, os.environ)
    except TrimtabError as error:
        print(f"trimtab: {error}", file=sys.stderr)
        return 1
    served = webserver_command(home, given.host, given.port)
    command = served if given.what == "webserver" else daemon_command(home)
    return os.execve(command[0], command, environment)


def prepare(settings: Settings) -> None:
    """Check the configuration, write the home, and mark as failed the runs whose process is gone."""
    from dagster_project.launch import open_instance

    load_strategies(settings.strategies_dir)  # a mistake is said here, once, and not on a page of the UI
    open_instance(settings).dispose()


if __name__ == "__main__":
    sys.exit(main())
