"""The quick writer of JSON gives the bytes of the standard library."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimtab.cli.json_text import clean, json_text

DOCUMENTS: dict[str, Any] = {
    "numbers": [0.1, -0.0, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, 3, -4, 10**30, True, False, None],
    "unknown numbers": {"a": float("nan"), "b": [float("inf"), -float("inf")], "c": np.float64("nan")},
    "text": ["", "é", 'a"b\\c\n\t\x00\u2028', {"ключ": "/"}],
    "nothing": [[], {}, (), {"a": {}, "b": [[], [{}]]}],
    "keys that are no text": {1: "one", 2.5: "more", None: "none"},
    "numpy scalars": {"c": np.float32(0.5), "d": np.bool_(True), "e": np.int64(3)},
    "times and paths": [datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2).date(), Path("a/b")],
    "others": [{"a"}, range(3), 1 + 2j],
    "alone": "word",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_text_is_that_of_the_standard_library(name: str) -> None:
    document = DOCUMENTS[name]
    assert json_text(document) == json.dumps(clean(document), indent=2, ensure_ascii=False, allow_nan=False)
