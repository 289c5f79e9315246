"""Which code computed a column: its version, its parameters and a hash of every source it runs through.

A stored column carries the identity of its feature. Where the code has another one by now the column
is refused, so numbers of an old formula and of a new one never stand side by side. Whole files are
hashed, as `pipeline.code_version` does: an edited comment costs a computation, never a wrong number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import trimtab
from trimtab.errors import FeatureError, NotFoundError
from trimtab.features.catalogue import Feature, catalogue, resolve
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_json, sha256_bytes

# Every feature runs through these, whatever its own module imports.
ALWAYS = (
    "trimtab.features.context",
    "trimtab.features.engine",
    "trimtab.features.point_in_time",
    "trimtab.bars.schema",
)
# An import of these is followed; the rest (storage, clocks, errors) computes no value.
FOLLOWED = ("trimtab.features", "trimtab.facts", "trimtab.bars.actions")
# These describe, read or write, and compute nothing.
DESCRIBING = ("trimtab.features.catalogue", "trimtab.features.surroundings", "trimtab.features.store")
_IMPORT = re.compile(
    r"^\s*(?:from\s+(trimtab[\w.]*)\s+import\s+(\([^)]*\)|[^\n]+)|import\s+(trimtab[\w.]*))", re.MULTILINE
)


def identity(name: str) -> str:
    """The identity of a feature as the code computes it now, such as `v1-3f2a90c1b7de`.

    It changes with the version, the parameters, and the sources of the feature's module, of the context
    and the engine, and of everything of `trimtab.features` (its kernels first), `trimtab.facts` and
    `trimtab.bars.actions` that these import, directly or through others.

    >>> identity("rsi_14") == identity("rsi_14"), identity("rsi_14") == identity("rsi_7")
    (True, False)
    """
    return identities([name])[name]


def identities(names: Iterable[str]) -> dict[str, str]:
    """The identity of each feature; `UnknownNameError` for a name that is not in the catalogue."""
    known = catalogue()
    return {name: _identity_of(known[name]) for name in resolve(names=names)}


def require_identities(made_by: Mapping[str, str], names: Iterable[str], series: Series, table: str) -> None:
    """Refuse columns that are absent (`NotFoundError`) or that other code computed (`FeatureError`).

    `made_by` are the identities a table carries.
    """
    for name, now in identities(names).items():
        if name not in made_by:
            raise NotFoundError(
                f"feature '{name}' of {series} is not in table '{table}'; run `trimtab run`, which computes it"
            )
        if made_by[name] != now:
            raise FeatureError(_refusal(name, series, made_by[name], now))


def code_of(module: str) -> str:
    """SHA-256 of the sources that the features of a module run through."""
    reached = sorted(_reached((module, *ALWAYS)))
    return fingerprint_json({each: _source(each)[0] for each in reached})


def _refusal(name: str, series: Series, stored: str, now: str) -> str:
    version, current = (each.partition("-")[0].removeprefix("v") for each in (stored, now))
    if version != current:
        return f"feature '{name}' of {series} was computed by version {version}, the catalogue has {current}; run `trimtab run`, which computes it again"
    return f"feature '{name}' of {series} was computed by other code ({stored}, now {now}); run `trimtab run`, which computes it again"


def _identity_of(feature: Feature) -> str:
    return _identity(feature.name, feature.version, feature.parameters, feature.computation.__module__)


@cache
def _identity(name: str, version: int, parameters: tuple[Any, ...], module: str) -> str:
    digest = fingerprint_json([name, version, parameters, _code_of(module)])
    return f"v{version}-{digest[:12]}"


@cache
def _code_of(module: str) -> str:
    return code_of(module)


def _reached(modules: Iterable[str]) -> set[str]:
    """These modules and everything that they import, directly or through others, as far as it is followed."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [each for each in _source(module)[1] if _is_followed(each)]
    return found


def _is_followed(module: str) -> bool:
    inside = any(module == each or module.startswith(f"{each}.") for each in FOLLOWED)
    return inside and not any(module == each or module.startswith(f"{each}.") for each in DESCRIBING)


@cache
def _source(module: str) -> tuple[str, tuple[str, ...]]:
    """A hash of the source of a module, and what it imports of trimtab."""
    path = _file_of(module)
    if path is None:  # defined in a session or a test: there is no file to hash
        return "", ()
    source = path.read_bytes()
    return sha256_bytes(source), tuple(_imports(source.decode()))


def _file_of(module: str) -> Path | None:
    """The source file of a module or package of trimtab; None where a name is neither."""
    root, _, inner = module.partition(".")
    if root != "trimtab":
        return None
    path = Path(trimtab.__file__).parent.joinpath(*inner.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _imports(source: str) -> Iterator[str]:
    for package, inner, module in _IMPORT.findall(source):
        yield package or module
        names = (f"{package}.{name}" for name in re.findall(r"\w+", inner))
        yield from (each for each in names if _is_followed(each) and _file_of(each) is not None)
