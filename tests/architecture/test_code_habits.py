"""Habits that hold for every source file: charters, docstrings, nothing stored that can be executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "dagster_project").rglob("*.py")])
PACKAGES = [path for path in SOURCES if path.name == "__init__.py"]
FORBIDDEN_MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def executable(tree: ast.AST) -> Iterator[str]:
    """Every place where a file could run what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"import {a.name}" for a in node.names if a.name.split(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in FORBIDDEN_MODULES:
                yield f"from {node.module}"
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                yield f"{node.func.id}() in line {node.lineno}"
            for keyword in node.keywords:
                true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                if keyword.arg in ("shell", "allow_pickle") and true:
                    yield f"{keyword.arg}=True in line {node.lineno}"


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Public functions and classes of a module without a docstring.

    A feature says what it is where it is declared: its decorator takes the description the catalogue shows.
    """
    for node in tree.body:
        is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_definition and not node.name.startswith("_") and not ast.get_docstring(node) and not _described(node):
            yield node.name


def _described(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    calls = [decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    texts = [each.value for call in calls for each in call.args if isinstance(each, ast.Constant)]
    return any(isinstance(text, str) and len(text.split()) >= 3 for text in texts)


@pytest.mark.parametrize(
    "text",
    ["import pickle", "from joblib import load", "eval('1')", "run('ls', shell=True)", "np.load(f, allow_pickle=True)"],
)
def test_what_is_looked_for_is_found(text: str) -> None:
    assert list(executable(ast.parse(text)))


def test_nothing_read_is_ever_executed() -> None:
    found = {named(path): list(executable(ast.parse(path.read_text()))) for path in SOURCES}
    assert {path: places for path, places in found.items() if places} == {}


@pytest.mark.parametrize("path", PACKAGES, ids=named)
def test_a_package_opens_with_its_charter(path: Path) -> None:
    charter = ast.get_docstring(ast.parse(path.read_text()))
    assert charter is not None
    assert len(charter.split()) >= 8, charter


def test_every_module_and_everything_public_says_what_it_is() -> None:
    silent = []
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            silent.append(named(path))
        silent += [f"{named(path)}: {name}" for name in undocumented(tree)]
    assert silent == []
