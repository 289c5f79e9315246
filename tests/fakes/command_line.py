"""The command line as a person or a program sees it: exit code, standard output, standard error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from trimtab.cli import main; main()")


@dataclass(frozen=True)
class Answer:
    """What a command said.

    Attributes
    ----------
    code: 0 done, 1 refused, 2 wrong usage.
    out, err: everything on standard output and standard error.
    """

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be; NaN and infinities are no JSON."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def sentence(self) -> str:
        """The one sentence of a refusal, without what a progress bar left on standard error."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("trimtab: ")]
        return line.removeprefix("trimtab: ")


def trimtab(*arguments: str | Path) -> Answer:
    """Run a command in this process."""
    from trimtab.cli.app import run_cli

    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run_cli([str(each) for each in arguments])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
    return Answer(code, out.getvalue(), err.getvalue())


def trimtab_process(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    through: Sequence[str] = (),
) -> Answer:
    """Run a command in a process of its own, started `through` another one when given."""
    command = [*through, *COMMAND, *(str(each) for each in arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=dict(environment or os.environ)
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
