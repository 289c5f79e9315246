"""`python -m trimtab.models.parity STORE DIGEST`: does a stored model load and forecast the same here?

Run in a process of its own, so that a file which crashes its parser crashes nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from trimtab.errors import TrimtabError
from trimtab.models.artifacts import load_model
from trimtab.storage.artifacts import ArtifactStore


def main(arguments: list[str]) -> int:
    """0 when the golden rows are forecast bit for bit as stored, 1 and a sentence otherwise."""
    if len(arguments) != 2:
        print("usage: python -m trimtab.models.parity STORE DIGEST", file=sys.stderr)
        return 2
    try:
        load_model(ArtifactStore(Path(arguments[0])), arguments[1], tolerance=0.0)
    except TrimtabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
