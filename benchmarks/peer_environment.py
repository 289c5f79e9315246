"""`python -m benchmarks.peer_environment`: the environment of the libraries that features are compared with.

They live apart in `.venv-peers` (1.5 GB, ignored by git, made once), because they pin and pull in much that
trimtab does not want. Where it cannot be made, without a network for instance, the benchmark says so and
goes on without them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).parent / "requirements-peers.txt"
FOLDER = ROOT / ".venv-peers"
MADE = ".made-from"  # holds the requirements it was made from: other ones make it again


def peer_python() -> Path | None:
    """The interpreter of the peers' environment; None where it is absent or made from other requirements."""
    made = FOLDER / MADE
    if not made.is_file() or made.read_text(encoding="utf-8") != REQUIREMENTS.read_text(encoding="utf-8"):
        return None
    return FOLDER / ("Scripts" if os.name == "nt" else "bin") / "python"


def create() -> Path:
    """Make the environment anew; returns its interpreter.

    Raises `OSError` when the folder or the interpreter cannot be made, `subprocess.CalledProcessError`
    when a package cannot be installed; what is half made is not used.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True, capture_output=True, text=True)
    (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    python = FOLDER / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", "-r", str(REQUIREMENTS)]
    subprocess.run(pip, check=True, capture_output=True, text=True)
    (FOLDER / MADE).write_text(REQUIREMENTS.read_text(encoding="utf-8"), encoding="utf-8")
    return python


def ensure() -> Path | None:
    """The interpreter of the peers' environment, made when missing; None, with a sentence said, where it cannot be."""
    found = peer_python()
    if found is not None:
        return found
    print(f"creating {FOLDER.name} with the libraries to compare with (a minute or two, once) ...", flush=True)
    try:
        return create()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"going on without other libraries: {FOLDER.name} cannot be made ({_reason(error)})\n", flush=True)
        return None


def _reason(error: Exception) -> str:
    said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return next((line for line in said if line.startswith("ERROR")), said[-1] if said else type(error).__name__)


if __name__ == "__main__":
    interpreter = ensure()
    print(f"{interpreter} is ready" if interpreter else "no environment was made")
    sys.exit(interpreter is None)
