"""Where the trainings of a stage keep their state while they run, to go on from after a kill."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.workspace import Workspace

FOLDER = "checkpoints"


@contextmanager
def kept_checkpoints(workspace: Workspace, stage: str, key: str) -> Iterator[Path]:
    """A folder for `FitContext.checkpoints`, removed when the stage is done; after a kill or an error it stays.

    Each version of the code has its own: a training begun by another one would end as neither. To be used inside
    the lock of the stage, as `compute` of `run_stage` is.
    """
    folder = workspace.lake.root / FOLDER / stage / key
    yield folder / code_fingerprint()[:16]
    shutil.rmtree(folder, ignore_errors=True)
