"""Bad files are moved to `set_aside/` in the inbox, with the reason in a text file beside them.

Nothing is overwritten: a second bad `bars.csv` becomes `bars.2.csv`. Only the very same file, bad for
the very same reason, takes the place of the earlier one, so that a mirror that delivers it again and
again does not fill the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab.bars.file_access import SUFFIXES
from trimtab.bars.inbox.content import sha256_file
from trimtab.errors import StorageError
from trimtab.storage.atomic import write_text

FOLDER = "set_aside"
REASON_ENDING = ".reason.txt"


@dataclass(frozen=True)
class SetAside:
    """A bad file that was moved out of the way.

    Attributes
    ----------
    path: where it lies now.
    reason: one sentence; what to mend.
    """

    path: Path
    reason: str


def set_aside(path: Path, reason: str) -> SetAside:
    """Move a file to `set_aside/` beside it and write down why; the reason first, so it is never missing.

    Raises `StorageError` where the folder cannot be written.
    """
    target = _place_for(path, reason)
    try:
        target.parent.mkdir(exist_ok=True)
        write_text(_reason_of(target), f"{reason}\n")
        path.replace(target)
    except OSError as error:
        if target.parent.is_dir() and not target.exists():
            _reason_of(target).unlink(missing_ok=True)
        raise StorageError(
            f"{path} is bad ({reason}) and cannot be set aside ({error.strerror}); check {target.parent} and its permissions"
        ) from error
    return SetAside(target, reason)


def list_set_aside(inbox: Path) -> tuple[SetAside, ...]:
    """The files that were set aside, by name, each with its reason."""
    folder = inbox / FOLDER
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    files = [folder / name for name in names if name.lower().endswith(SUFFIXES)]
    return tuple(SetAside(path, _read_reason(path) or "no reason was written down") for path in files)


def _place_for(path: Path, reason: str) -> Path:
    for name in _names(path.name):
        target = path.parent / FOLDER / name
        if not target.exists() and not _reason_of(target).exists():
            return target
        if target.is_file() and _read_reason(target) == reason and sha256_file(target) == sha256_file(path):
            return target
    raise AssertionError("names never end")


def _names(name: str) -> Iterator[str]:
    """The name, then the name with 2, 3, ... before its ending.

    >>> names = _names("bars.csv.gz")
    >>> next(names), next(names)
    ('bars.csv.gz', 'bars.2.csv.gz')
    """
    yield name
    ending = max((each for each in SUFFIXES if name.lower().endswith(each)), key=len, default="")
    stem, ending = name[: len(name) - len(ending)], name[len(name) - len(ending) :]
    number = 2
    while True:
        yield f"{stem}.{number}{ending}"
        number += 1


def _reason_of(path: Path) -> Path:
    return path.with_name(path.name + REASON_ENDING)


def _read_reason(path: Path) -> str | None:
    file = _reason_of(path)
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None
