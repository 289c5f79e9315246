"""Compiled functions are compiled again when a file behind them has changed, and only then."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from trimtab import compiled as module
from trimtab.compiled import sources

CALLER = """
from trimtab.compiled import compiled
from planted.helper import price

@compiled(error_model="numpy")
def twice(x):
    return 2.0 * price(x)
"""
HELPER = """
from trimtab.compiled import compiled
from planted.constants import RATE

@compiled()
def price(x):
    return x + RATE
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files, of which the first is compiled with the other two in it."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for name, text in {"__init__": "", "caller": CALLER, "helper": HELPER, "constants": "RATE = 1.0\n"}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "kept"))
    return folder


def fresh() -> Any:
    """`twice` as a new process would see it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "planted"]:
        del sys.modules[name]
    module._digest.cache_clear()
    module._imports.cache_clear()
    importlib.invalidate_caches()
    return importlib.import_module("planted.caller").twice


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [("helper", "x + RATE", "x + 10.0 * RATE", 24.0), ("constants", "1.0", "100.0", 204.0)],
)
def test_a_change_of_a_file_behind_it_is_compiled(
    package: Path, file: str, old: str, new: str, expected: float
) -> None:
    assert fresh()(2.0) == 6.0
    path = package / f"{file}.py"
    path.write_text(path.read_text().replace(old, new))
    assert fresh()(2.0) == expected


def test_without_a_change_what_was_compiled_is_used_again(package: Path) -> None:
    fresh()(2.0)
    again = fresh()
    assert again(2.0) == 6.0
    assert sum(again.stats.cache_hits.values()) == 1


def test_sources_are_followed_through_imports_and_stay_in_the_package(package: Path) -> None:
    (package / "beside.py").write_text("from planted import caller\n")
    files = sources(package / "caller.py", "planted.caller")
    assert sorted(path.name for path in files) == ["caller.py", "constants.py", "helper.py"]
    assert {path.name for path in sources(package / "beside.py", "planted.beside")} == {
        *(path.name for path in files),
        "beside.py",
    }


def test_imports_inside_functions_are_not_followed(package: Path) -> None:
    (package / "lazy.py").write_text("def f():\n    from planted import caller\n    return caller\n")
    assert {path.name for path in sources(package / "lazy.py", "planted.lazy")} == {"lazy.py"}
