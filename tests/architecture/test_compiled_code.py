"""No compiled function is kept between runs after a change of a file it is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.compiled import sources

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "trimtab"
TEXTS = {path: path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {
    path: ast.parse(text) for path, text in TEXTS.items() if "jit" in text or "numba" in text or "compiled" in text
}
NUMBAS = {"jit", "njit", "vectorize", "guvectorize", "stencil", "cfunc"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def names_in(node: ast.AST) -> set[str]:
    """Names a piece of code uses, of annotations too: a record is compiled in with its fields as they stand."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def borrowed(tree: ast.Module) -> dict[str, str]:
    """Names of a module that come from other files of the package, or are made of such, and the import they owe to."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name.split(".")[0] == "trimtab"]
            found |= {alias.asname or "trimtab": alias.name for alias in ours}
        elif isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "trimtab"):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in tree.body:  # a constant made of an imported one is as old as that one
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            owed = next((found[name] for name in sorted(names_in(node.value)) if name in found), None)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if owed is not None:
                found |= {name: owed for target in targets for name in names_in(target)}
    return found


def compiled_functions(tree: ast.Module, decorators: set[str]) -> Iterator[ast.FunctionDef]:
    """Functions with one of the decorators, written `@name`, `@name(...)`, `@module.name` or `@module.name(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            calls = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
            if {
                each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls
            } & decorators:
                yield node


def from_elsewhere(tree: ast.Module, decorators: set[str]) -> Iterator[tuple[str, str]]:
    """Compiled functions and the imports of the package that they use."""
    others = borrowed(tree)
    for function in compiled_functions(tree, decorators):
        body = [*function.body, function.args, *([function.returns] if function.returns else [])]
        used = {name for part in body for name in names_in(part)}
        yield from ((function.name, others[name]) for name in sorted(used & set(others)))


@pytest.mark.parametrize(
    "text",
    [
        "from trimtab.a import helper\n@njit(cache=True)\ndef f(x):\n    return helper(x)",
        "from trimtab.a import helper as h\n@numba.njit\ndef f(x):\n    return h(x)",
        "from trimtab import a\n@jit(cache=True)\ndef f(x):\n    return a.helper(x)",
        "import trimtab.a\n@njit(cache=True)\ndef f(x):\n    return trimtab.a.helper(x)",
        "from .a import helper\n@njit(cache=True)\ndef f(x):\n    return helper(x)",
        "from trimtab.a import WINDOWS\n@njit(cache=True)\ndef f(x):\n    return x[WINDOWS[0]]",
        "from trimtab.a import WINDOWS\nLONGEST = max(WINDOWS)\n@njit(cache=True)\ndef f(x):\n    return x[LONGEST]",
        "from trimtab.a import Rates\n@njit(cache=True)\ndef f(rates: Rates):\n    return rates.slippage",
    ],
)
def test_what_is_looked_for_is_found(text: str) -> None:
    assert [name for name, _ in from_elsewhere(ast.parse(text), NUMBAS)] == ["f"]


@pytest.mark.parametrize(
    "text",
    [
        "from trimtab.a import helper\n@njit(cache=True)\ndef f(x):\n    return x\ndef g(x):\n    return helper(f(x))",
        "import numpy as np\n@njit(cache=True)\ndef f(x):\n    return np.sqrt(x)",
    ],
)
def test_a_function_of_its_own_file_alone_is_left_alone(text: str) -> None:
    assert list(from_elsewhere(ast.parse(text), NUMBAS)) == []


def test_what_numba_keeps_is_made_of_one_file() -> None:
    used = {named(path): dict(from_elsewhere(tree, NUMBAS)) for path, tree in TREES.items()}
    assert {path: uses for path, uses in used.items() if uses} == {}, "numba would keep old code: use @compiled"


def test_what_is_compiled_from_several_files_knows_them_all() -> None:
    checked = set()
    for path, tree in TREES.items():
        for name, other in from_elsewhere(tree, {"compiled"}):
            module = ".".join(("trimtab", *path.relative_to(PACKAGE).with_suffix("").parts))
            known = {named(each) for each in sources(path, module)}
            parts = other.split(".")
            files = {"src/" + "/".join(parts[:n]) + ".py" for n in (len(parts), len(parts) - 1)}
            assert files & known, f"{name} of {named(path)} uses {other}, which `sources` does not see"
            checked.add(path.name)
    assert checked >= {"kernel.py", "fills.py", "regression.py", "ordered.py"}
