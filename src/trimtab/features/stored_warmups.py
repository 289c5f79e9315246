"""The numbers of `warmups.json`: how many bars of context each feature needs, as the last search found.

A number belongs to the feature as it was described when it was searched for. Another version,
formula, parameter, look-back or declared warm-up is another feature, whose number has to be found
again: `trimtab features warmup --write`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.errors import FeatureError
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

if TYPE_CHECKING:
    from trimtab.features.catalogue import Feature

PATH = Path(__file__).with_name("warmups.json")


@dataclass(frozen=True)
class StoredWarmup:
    """What a search has found for one feature.

    Attributes
    ----------
    found: the smallest context from which on every longer one gave the number of full history to 1e-9.
    warmup: that with its margin, never less than declared; what the catalogue says.
    identity: of the feature that was searched; see `identity_of`.
    """

    found: int
    warmup: int
    identity: str


def identity_of(feature: Feature) -> str:
    """Twelve hex digits that change with whatever may change the memory of a feature as its function declares it."""
    told = [feature.version, feature.parameters, feature.formula, feature.lookback, feature.warmup]
    return fingerprint_json(told)[:12]


@cache
def stored_warmups() -> Mapping[str, StoredWarmup]:
    """The stored numbers by feature; none where there is no file yet. Raises `FeatureError` for a damaged one."""
    if not PATH.is_file():
        return {}
    try:
        return {name: StoredWarmup(**entry) for name, entry in json.loads(PATH.read_text()).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise FeatureError(
            f"{PATH} is damaged ({error}); restore it, or delete it and run `trimtab features warmup --write`"
        ) from error


def warmup_of(feature: Feature) -> int:
    """The stored number of a feature as its function declares it; the declared one where there is none of it."""
    stored = stored_warmups().get(feature.name)
    return stored.warmup if stored is not None and stored.identity == identity_of(feature) else feature.warmup


def complaint(feature: Feature) -> str:
    """What is wrong with the stored number of a feature as its function declares it, as a sentence; "" if nothing is."""
    stored = stored_warmups().get(feature.name)
    if stored is None:
        return f"'{feature.name}' has no stored warm-up; run `trimtab features warmup --write`"
    if stored.identity != identity_of(feature):
        return (
            f"'{feature.name}' has changed since its warm-up was searched for (version, formula, parameters, look-back "
            f"or declared warm-up); run `trimtab features warmup --write`"
        )
    return ""


def write_warmups(numbers: Mapping[str, StoredWarmup]) -> None:
    """Write the numbers, one feature a line, in the order given."""
    lines = [f"  {json.dumps(name)}: {_line(asdict(entry))}" for name, entry in numbers.items()]
    write_text(PATH, "{\n" + ",\n".join(lines) + "\n}\n")
    stored_warmups.cache_clear()


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry)
