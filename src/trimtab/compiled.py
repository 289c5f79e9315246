"""Compiled functions that are kept between runs, and compiled again when any file they are made of has changed.

numba dates what it keeps by the file of the function alone. A function that calls a compiled function of another
file of ours, or uses a constant or a record from there, would go on with the old machine code after a change of that
file, and nobody would be told. Such a function is `compiled`; for one that uses nothing but its own file
`njit(cache=True)` is enough. tests/architecture/test_compiled_code.py finds those that have the wrong one.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Do as `numba.njit(cache=True, nogil=True, **options)`, but compile again when one of `sources` has changed."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = njit(nogil=True, **options)(function)
        if hasattr(dispatcher, "enable_caching"):  # with NUMBA_DISABLE_JIT it is the function itself
            dispatcher._cache = _CacheBySources(function)
        return dispatcher

    return decorate


def sources(path: Path, module: str) -> frozenset[Path]:
    """The file of a module, the files of its package that it imports when it is loaded, and those they import.

    >>> sorted(each.name for each in sources(Path(__file__).parent / "clock.py", "trimtab.clock"))
    ['clock.py']
    """
    package, root = module.partition(".")[0], path.parents[module.count(".")]
    found, left = {path}, [path]
    while left:
        new = {each for name in _imports(left.pop(), package) if (each := root / _as_file(name)).is_file()} - found
        found |= new
        left += new
    return frozenset(found)


class _CacheBySources(FunctionCache):
    """numba's own cache, whose entries are found only by the same bytes of all files behind the function."""

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        path, module = Path(self._py_func.__code__.co_filename), self._py_func.__module__
        return (*super()._index_key(sig, codegen), _digest(path, module))


@cache  # numba asks for every function and every type of its arguments
def _digest(path: Path, module: str) -> str:
    contents = (each.read_bytes() for each in sorted(sources(path, module)))
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


@cache
def _imports(path: Path, package: str) -> tuple[str, ...]:
    names = _imported(ast.parse(path.read_bytes()))
    return tuple(name for name in names if name.partition(".")[0] == package)


def _imported(tree: ast.Module) -> Iterator[str]:
    """What the body of a module imports, be it a module or a name in one; functions import when they are called."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _as_file(module: str) -> str:
    return f"{module.replace('.', '/')}.py"
