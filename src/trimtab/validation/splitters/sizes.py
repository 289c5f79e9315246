"""`Size`: how much time a window takes, as a share, as a number of decision times, or as a duration."""

from __future__ import annotations

from datetime import timedelta

from trimtab.config.strategy import parse_duration
from trimtab.datasets.purging import ROUNDING
from trimtab.errors import ConfigurationError

# A float is a share of the distinct decision times in (0, 1], an int so many of them, a timedelta calendar time.
Size = float | int | timedelta


def parse_size(text: str) -> Size:
    """Read a size as it is typed: a share, a number of decision times, or a duration.

    >>> parse_size("0.6"), parse_size("500"), parse_size("730d")
    (0.6, 500, datetime.timedelta(days=730))
    """
    for read in (int, float, parse_duration):
        try:
            return read(text)
        except ValueError:
            continue
    raise ConfigurationError(
        f"the size '{text}' cannot be read; give a share such as 0.6, a number of decision times such as 500, "
        "or a duration such as 730d"
    )


def parse_embargo(text: str) -> timedelta:
    """Read an embargo as it is typed, such as `5d`.

    >>> parse_embargo("5d")
    datetime.timedelta(days=5)
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigurationError(f"the embargo is '{text}'; {error}") from None


def written(size: Size) -> str:
    """A size for a sentence; a duration as it is typed.

    >>> written(0.6), written(500), written(timedelta(days=730)), written(timedelta(hours=12))
    ('0.6', '500 times', '730d', '12h')
    """
    if isinstance(size, timedelta):
        return typed(size)
    return str(size) if isinstance(size, float) else f"{size} times"


def typed(duration: timedelta) -> str:
    """A duration as `parse_duration` reads it, in the largest unit that is whole; below a minute in seconds."""
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1))):
        if duration % length == timedelta(0):
            return f"{duration // length}{unit}"
    return f"{duration.total_seconds():g}s"


def check_sizes(**sizes: Size) -> None:
    """Raise `ConfigurationError` unless every size is a share in (0, 1], a count from 1 or a positive duration."""
    for name, size in sizes.items():
        if not _is_size(size):
            given = typed(size) if isinstance(size, timedelta) else repr(size)
            raise ConfigurationError(
                f"{name} is {given}; it must be a share greater than 0 and at most 1, a whole number of decision times "
                "from 1, or a duration greater than 0"
            )


def check_embargo(embargo: timedelta) -> None:
    """Raise `ConfigurationError` for a negative embargo."""
    if embargo < timedelta(0):
        raise ConfigurationError(f"embargo is {embargo}; it must not be negative")


def check_fit(first: tuple[str, Size], second: tuple[str, Size]) -> None:
    """Raise `ConfigurationError` where two shares together are more than the whole."""
    (one, share), (other, beside) = first, second
    if isinstance(share, float) and isinstance(beside, float) and share + beside > 1.0 + ROUNDING:
        raise ConfigurationError(f"{one} is {share} and {other} {beside}; {one} + {other} must be at most 1")


def _is_size(size: object) -> bool:
    if isinstance(size, timedelta):
        return size > timedelta(0)
    if isinstance(size, bool) or not isinstance(size, int | float):
        return False
    return size >= 1 if isinstance(size, int) else 0.0 < size <= 1.0
