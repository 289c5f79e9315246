"""The leak certificate as a document: stored under its SHA-256, read back only if that still fits, and judged.

A certificate is evidence for one dataset. One that is missing, damaged, about another dataset or other
features, or that left something unchecked, is not a clean certificate: then the number of leaks is
unknown, and what is unknown passes no gate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.errors import IntegrityError
from trimtab.storage.hashing import canonical_json
from trimtab.storage.lake import Lake

FORMAT = "trimtab leak certificate 1"
LISTED = 5  # names in a reason


@dataclass(frozen=True)
class CertificateVerdict:
    """What a certificate is worth to a gate.

    Attributes
    ----------
    n_leaks: features, labels, folds and instruments found to leak; None when that is not known.
    reason: one sentence, also when there is none.
    """

    n_leaks: int | None
    reason: str


def store_certificate(lake: Lake, document: Mapping[str, Any]) -> str:
    """Store a certificate and return its SHA-256; the same document stored again changes nothing."""
    return lake.artifacts.put(canonical_json({"format": FORMAT, **document}).encode())


def load_certificate(lake: Lake, digest: str) -> dict[str, Any]:
    """Read a certificate back.

    Raises `NotFoundError` when there is none of that digest, and `IntegrityError` when its bytes are not
    those that were stored, or are no leak certificate.
    """
    return load_of_format(lake, digest, FORMAT, what="leak certificate", stage="leak_certificate")


def load_of_format(lake: Lake, digest: str, form: str, *, what: str, stage: str) -> dict[str, Any]:
    """A stored JSON document that says it is of a format; `what` it should be and its `stage` are for the refusal."""
    content = lake.artifacts.get(digest)
    try:
        document = json.loads(content)
        known = document["format"] == form
    except (ValueError, TypeError, KeyError):
        known = False
    if not known:
        raise IntegrityError(f"artifact {digest[:12]} is no {what} of the format '{form}'; run the stage {stage} again")
    return dict(document)


def judge_certificate(document: Mapping[str, Any] | None, about: Mapping[str, Any]) -> CertificateVerdict:
    """What a certificate says about a dataset.

    Parameters
    ----------
    document: as `load_certificate` returns it, None where there is none.
    about: what must have been certified, by the keys of the document: "dataset" at least, and
        "versions", "instruments", "label", "validation" where the caller knows them.
    """
    if document is None:
        return CertificateVerdict(None, "there is no leak certificate; run the stage leak_certificate")
    for key, wanted in about.items():
        if document.get(key) != wanted:
            return CertificateVerdict(None, _about_another(key, document.get(key), wanted))
    leaks = [f"{item['name']} ({item['where']})" for item in items_of(document) if item["outcome"] == "leaks"]
    if leaks:
        return CertificateVerdict(len(leaks), f"the leak certificate names {len(leaks)} leaks: {_listed(leaks)}")
    return _without_leaks(document)


def items_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every feature, label, fold and instrument that was certified: what, name, where, outcome, reason."""
    yield from document["items"]


def _without_leaks(document: Mapping[str, Any]) -> CertificateVerdict:
    missed = [f"{each['name']} ({each['where']})" for each in document["canaries"] if not each["caught"]]
    if missed:
        return CertificateVerdict(
            None, f"the leak check could not see: planted leaks went unnoticed: {_listed(missed)}"
        )
    unchecked = [f"{item['name']} ({item['where']})" for item in items_of(document) if item["outcome"] == "unchecked"]
    if unchecked:
        return CertificateVerdict(None, f"the leak certificate leaves {len(unchecked)} unchecked: {_listed(unchecked)}")
    wanted = {(name, where) for where in document["series"] for name in document["versions"]}
    absent = wanted - {(item["name"], item["where"]) for item in items_of(document) if item["what"] == "feature"}
    if absent or not wanted:
        named = sorted(f"{name} ({where})" for name, where in absent)
        return CertificateVerdict(
            None, f"the leak certificate does not cover every feature: {_listed(named) or 'none'}"
        )
    n = sum(1 for _ in items_of(document))
    return CertificateVerdict(0, f"{n} features, labels, folds and instruments know nothing of the future")


def _about_another(key: str, found: Any, wanted: Any) -> str:
    if isinstance(found, str) and isinstance(wanted, str):
        return (
            f"the leak certificate is about {key} {found[:12]}, not {wanted[:12]}; run the stage leak_certificate again"
        )
    return f"the leak certificate is about other {PLURAL.get(key, key)} than are judged; run the stage leak_certificate again"


PLURAL = {"versions": "features or versions of them", "label": "label settings", "validation": "validation settings"}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
