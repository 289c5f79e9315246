"""Plain JSON values: what both databases and the audit chain can hold without loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any


def plain(value: Any) -> Any:
    """A value made of dict, list, str, int, float, bool and None only.

    Numbers of numpy become Python's; NaN and infinities become None ("unknown"), because JSON has
    no word for them and PostgreSQL refuses them; times become ISO 8601 in UTC, durations seconds.

    >>> plain({"accuracy": float("nan"), "horizons": (1, 5)})
    {'accuracy': None, 'horizons': [1, 5]}
    """
    if value is None or isinstance(value, bool | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    return _scalar(value)


def number(value: Any) -> float | None:
    """A finite float, or None when it is absent, NaN or infinite."""
    if value is None:
        return None
    return float(value) if math.isfinite(value) else None


def _scalar(value: Any) -> Any:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    raise TypeError(f"{value!r} of type {type(value).__name__} is not a JSON value; convert it first")
