"""A small language to find runs: `accuracy > 0.6 and strategy = btc-volatility-regime`.

Conditions are joined by `and`. A condition is a name, one of `= != > >= < <= ~` (`~`: contains) and a
value: a number, a word, or a text in quotes. A name is looked for in this order: the run itself (`id`, `kind`,
`strategy`, `status`, `dataset`, `code`, `seed`, `started`, `finished`), its metrics, resources, parameters,
tags; `metrics.`, `resources.`, `parameters.` and `tags.` before a name say which. The text is only split and
compared, never executed.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.tracking.parameters import flat_parameters
from trimtab.tracking.record import RunRecord, in_utc

OWN = ("id", "kind", "strategy", "status", "dataset", "code", "seed", "started", "finished")
PARTS = ("metrics", "resources", "parameters", "tags")
HASHES = frozenset({"id", "dataset", "code"})  # equal means "begins with": nobody types 64 digits
TIMES = frozenset({"started", "finished"})
SHORTEST_HASH = 6
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>!=|>=|<=|=|>|<|~)|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s=!<>~"']+))"""
)
EXAMPLE = "write conditions such as: accuracy > 0.6 and strategy = demo"


@dataclass(frozen=True)
class Condition:
    """One condition: the value of `name` in a run, compared by `op` with `value` (a number or a text)."""

    name: str
    op: str
    value: float | str


def search_runs(records: Sequence[RunRecord], text: str) -> list[RunRecord]:
    """The runs that meet every condition, in the order given.

    A run without the value does not meet a condition about it. Raises `ConfigurationError` for a text that
    is no filter, and its `UnknownNameError` for a name that no run has.
    """
    conditions = parse_filter(text)
    named = {record.id: _with_flat_names(record) for record in records}
    for condition in conditions:
        _check_name(condition.name, list(named.values()))
    return [record for record in records if all(_meets(named[record.id], condition) for condition in conditions)]


def parse_filter(text: str) -> tuple[Condition, ...]:
    """The conditions of a filter.

    >>> parse_filter("accuracy >= 0.6 and strategy = 'my strategy'")
    (Condition(name='accuracy', op='>=', value=0.6), Condition(name='strategy', op='=', value='my strategy'))
    """
    tokens = list(_tokens(text))
    conditions = []
    for start in range(0, len(tokens) + 1, 4):
        part = tokens[start : start + 4]
        kinds = [kind for kind, _ in part]
        if kinds[:1] != ["word"] or kinds[1:2] != ["op"] or kinds[2:3] not in (["word"], ["text"]):
            raise ConfigurationError(f"'{text}' is no filter: it breaks {_where(tokens, start, kinds)}; {EXAMPLE}")
        if part[3:] and part[3] != ("word", "and"):
            raise ConfigurationError(f"'{text}' is no filter: '{part[3][1]}' stands where 'and' belongs; {EXAMPLE}")
        (_, name), (_, op), (kind, value) = part[:3]
        conditions.append(_condition(name, op, value, kind == "text"))
        if len(tokens) == start + 3:
            break
    return tuple(conditions)


def _condition(name: str, op: str, value: str, quoted: bool) -> Condition:
    number = None if quoted else _number(value)
    if op in _ORDER and number is None and name not in TIMES:
        raise ConfigurationError(f"'{name} {op} {value}': {op} compares numbers and times; use =, != or ~ for a text")
    return Condition(name, op, value if number is None or name in {*HASHES, *TIMES} or op == "~" else number)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConfigurationError(
                f"'{text}' is no filter: '{text[position:].strip()[:20]}' cannot be read; {EXAMPLE}"
            )
        position = match.end()
        kind = match.lastgroup or "word"
        yield ("text" if kind in ("double", "single") else kind, match[kind])


def _where(tokens: Sequence[tuple[str, str]], start: int, kinds: Sequence[str]) -> str:
    wanted = ("word", "op")
    wrong = next((i for i, kind in enumerate(kinds[:2]) if kind != wanted[i]), min(len(kinds), 2))
    place = start + wrong
    return f"at '{tokens[place][1]}'" if place < len(tokens) else "at its end"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _with_flat_names(record: RunRecord) -> RunRecord:
    return replace(record, parameters={**record.parameters, **flat_parameters(record.parameters)})


def _check_name(name: str, records: Sequence[RunRecord]) -> None:
    known = {*OWN}
    for record in records:
        for part in PARTS:
            known |= {*getattr(record, part), *(f"{part}.{each}" for each in getattr(record, part))}
    if records and name not in known:
        raise UnknownNameError("name in the filter", name, {each for each in known if "." not in each} or known)


def _meets(record: RunRecord, condition: Condition) -> bool:
    found = _value(record, condition.name)
    if found is None or (isinstance(found, float) and math.isnan(found)):
        return False
    op, value = condition.op, condition.value
    if op == "~":
        return str(value).lower() in str(found).lower()
    if op in _ORDER:
        return type(found) is not bool and isinstance(found, _kind(value)) and _ORDER[op](found, value)
    return _equal(condition.name, found, value) == (op == "=")


def _equal(name: str, found: Any, value: float | str) -> bool:
    if name in HASHES and len(str(value)) >= SHORTEST_HASH:
        return str(found).startswith(str(value))
    if isinstance(found, int | float) and not isinstance(found, bool):
        return isinstance(value, float) and found == value
    return str(found).lower() == str(value).lower() or _number(str(found)) == value


def _kind(value: float | str) -> type | tuple[type, ...]:
    return (int, float) if isinstance(value, float) else str


def _value(record: RunRecord, name: str) -> Any:
    if name in TIMES:
        time = getattr(record, name)
        return None if time is None else in_utc(time)
    if name in OWN:
        return getattr(record, name)
    part, _, rest = name.partition(".")
    if part in PARTS and rest in getattr(record, part):
        return getattr(record, part)[rest]
    return next((getattr(record, each)[name] for each in PARTS if name in getattr(record, each)), None)
