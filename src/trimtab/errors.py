"""Every error trimtab raises on purpose, drawn as a tree.

TrimtabError                    one clear sentence for a person; the CLI prints it and exits with 1
├── ConfigurationError          a strategy file, a setting or an argument is wrong
│   ├── UnknownNameError        a name is not in the list of allowed names
│   └── MissingExtraError       what was asked for needs a library that is not installed
├── BarsError                   bars cannot be used as they are
│   ├── SourceError             a source could not deliver (unknown instrument, unreadable file, ...)
│   └── SchemaError             columns, types or times of a bar table are wrong
├── NotEnoughDataError          fewer samples or bars than the step needs
├── FeatureError                a feature was asked for something it cannot compute
├── DatasetError                a dataset is inconsistent or its snapshot is damaged
├── ArtifactError               a stored model cannot be trusted or read
│   └── IntegrityError          its bytes are not the bytes that were registered
├── RegistryError               the registry refused a change
│   ├── NotFoundError           there is no such record
│   ├── ConflictError           somebody else changed the record first (compare-and-swap)
│   └── TransitionError         the life cycle does not allow this move
└── StorageError                a disk or a database did not do what was asked
    └── LockedError             another process holds what is needed

A class exists where a caller would do something different; the values a caller needs are
attributes. A message says what was given, what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

LISTED_NAMES = 30  # in a message; a sentence of two hundred names is not read


class TrimtabError(Exception):
    """Base of every error raised on purpose; its text is one sentence for a person."""


class ConfigurationError(TrimtabError):
    """A strategy file, a setting or an argument is wrong."""


class UnknownNameError(ConfigurationError):
    """A name is not in the list of allowed names; a long list is cut in the text, `allowed` has all.

    >>> print(UnknownNameError("feature set", "techncal", ["technical", "candlesticks"]))
    unknown feature set 'techncal'; did you mean 'technical'? allowed: candlesticks, technical
    """

    def __init__(self, kind: str, given: str, allowed: Iterable[str], where: str = "") -> None:
        self.kind, self.given, self.allowed = kind, given, sorted(allowed)
        close = get_close_matches(given, self.allowed, n=1)
        hint = f" did you mean '{close[0]}'?" if close else ""
        super().__init__(f"{where}unknown {kind} '{given}';{hint} allowed: {_listed(self.allowed)}")


class MissingExtraError(ConfigurationError):
    """What was asked for needs a library that is not installed."""

    def __init__(self, name: str, library: str) -> None:
        self.extra, self.library = name, library
        super().__init__(
            f"this needs {library}, which is not installed; say: pip install -c constraints.txt -e '.[{name}]'"
        )


@contextmanager
def extra(name: str | None) -> Iterator[None]:
    """Around an import: a library that an extra brings and that is absent is said in one sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        if name is None or (error.name or "").startswith("trimtab"):
            raise
        raise MissingExtraError(name, str(error.name)) from error


def _listed(names: list[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > LISTED_NAMES else ""
    return (", ".join(names[:LISTED_NAMES]) or "none yet") + more


class BarsError(TrimtabError):
    """Bars cannot be used as they are."""


class SourceError(BarsError):
    """A source could not deliver the bars it was asked for."""


class SchemaError(BarsError):
    """Columns, types or times of a bar table are wrong."""


class NotEnoughDataError(TrimtabError):
    """Fewer samples or bars than the step needs."""


class FeatureError(TrimtabError):
    """A feature was asked for something it cannot compute."""


class DatasetError(TrimtabError):
    """A dataset is inconsistent or its snapshot is damaged."""


class ArtifactError(TrimtabError):
    """A stored model cannot be trusted or read."""


class IntegrityError(ArtifactError):
    """The bytes of an artifact are not the bytes that were registered."""


class RegistryError(TrimtabError):
    """The registry refused a change."""


class NotFoundError(RegistryError):
    """There is no such record."""


class ConflictError(RegistryError):
    """Somebody else changed the record first."""


class TransitionError(RegistryError):
    """The life cycle does not allow this move."""


class StorageError(TrimtabError):
    """A disk or a database did not do what was asked."""


class LockedError(StorageError):
    """Another process holds what is needed."""
