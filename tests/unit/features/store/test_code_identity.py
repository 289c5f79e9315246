"""An identity follows the code that computes a column, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import trimtab
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue
from trimtab.features.store import code_identity
from trimtab.features.store.code_identity import code_of, identity

SOURCES = Path(trimtab.__file__).parent


@pytest.fixture
def copied_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the sources that may be edited, read instead of the real ones."""
    copy = tmp_path / "trimtab"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(trimtab, "__file__", str(copy / "__init__.py"))
    code_identity._source.cache_clear()
    yield copy
    code_identity._source.cache_clear()


def _code_after_edit(copy: Path, edited: str, module: str) -> tuple[str, str]:
    before = code_of(module)
    path = copy / edited
    path.write_text(path.read_text() + "\nANOTHER = 1\n")
    code_identity._source.cache_clear()
    return before, code_of(module)


@pytest.mark.parametrize(
    "edited",
    ["features/technical/prices.py", "features/context.py", "features/engine.py", "features/kernels/ratios.py"],
)
def test_an_edit_of_what_a_feature_runs_through_changes_its_code(copied_sources: Path, edited: str) -> None:
    before, after = _code_after_edit(copied_sources, edited, "trimtab.features.technical.prices")
    assert before != after


@pytest.mark.parametrize(
    "edited", ["features/catalogue.py", "features/store/table.py", "storage/lake.py", "cli/app.py"]
)
def test_an_edit_elsewhere_changes_nothing(copied_sources: Path, edited: str) -> None:
    before, after = _code_after_edit(copied_sources, edited, "trimtab.features.technical.prices")
    assert before == after


def test_a_kernel_that_another_kernel_uses_counts(copied_sources: Path) -> None:
    kernels = copied_sources / "features" / "kernels"
    (kernels / "inner.py").write_text('"""Inner."""\n')
    ratios = kernels / "ratios.py"
    ratios.write_text(ratios.read_text() + "\nfrom trimtab.features.kernels import (\n    inner,\n)\n")
    code_identity._source.cache_clear()
    before, after = _code_after_edit(copied_sources, "features/kernels/inner.py", "trimtab.features.technical.prices")
    assert before != after


def test_features_of_facts_follow_the_code_of_facts(copied_sources: Path) -> None:
    module = copied_sources / "features" / "reads_facts.py"
    module.write_text('"""Reads facts."""\nfrom trimtab.facts import Figures\n')
    before, after = _code_after_edit(copied_sources, "facts/schema.py", "trimtab.features.reads_facts")
    assert before != after
    before, after = _code_after_edit(copied_sources, "facts/concepts.py", "trimtab.features.technical.prices")
    assert before == after


def test_versions_and_parameters_are_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity("rsi_14")
    for change in ({"version": 2}, {"parameters": (("n", 15),)}):
        changed = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], **change)}
        with monkeypatch.context() as patch:
            patch.setattr(catalogue_module, "_all_features", lambda changed=changed: changed)
            assert identity("rsi_14") != before
    assert identity("rsi_14") == before
    assert before.startswith("v1-")
