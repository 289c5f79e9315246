"""What a report shows: one model version and the documents about it, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ModelEvidence:
    """One model version and what the stages have written about it.

    Attributes
    ----------
    strategy, description, version, state, algorithm: what the registry says it is.
    created: when it was registered, ISO 8601.
    decision: outcome, decided (ISO 8601) and gates (name, value, limit, passed, reason); None where nobody
        has decided yet.
    documents: by name ("walk_forward", "backtest", "honesty", "robustness", "dataset_leaks", "model_leaks",
        "drift"), the JSON document of a stage; a name that is absent was not measured.
    why_missing: for a name that is absent, why.
    importance: features with their shares (feature, native, permutation), the largest first.
    identity: pairs of label and value that say which data, model and code this is.
    parameters: of the model, by name.
    commands: shell commands that make this again, with what each does.
    """

    strategy: str
    version: str
    description: str = ""
    state: str = "draft"
    algorithm: str = ""
    created: str = ""
    decision: Document | None = None
    documents: Mapping[str, Document] = field(default_factory=dict)
    why_missing: Mapping[str, str] = field(default_factory=dict)
    importance: Sequence[Mapping[str, Any]] = ()
    identity: Sequence[tuple[str, str]] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    commands: Sequence[tuple[str, str]] = ()

    def document(self, name: str) -> Document:
        """A document, empty where it is missing."""
        return self.documents.get(name) or {}

    def why(self, name: str) -> str:
        """Why a document is missing."""
        return self.why_missing.get(name) or "the stage that measures it has not run for this version"

    @property
    def gates(self) -> Sequence[Mapping[str, Any]]:
        """The gates of the decision, in its order."""
        return (self.decision or {}).get("gates") or ()

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        """The gates that did not pass."""
        return [gate for gate in self.gates if not gate["passed"]]


def at(document: Any, *path: str) -> Any:
    """A value deep inside a document, None where any step is missing.

    >>> at({"sharpe": {"annual": 0.5}}, "sharpe", "annual"), at({"sharpe": None}, "sharpe", "annual")
    (0.5, None)
    """
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def rows(document: Any, *path: str) -> list[Mapping[str, Any]]:
    """A list of rows deep inside a document; empty where it is missing."""
    return [row for row in at(document, *path) or [] if isinstance(row, Mapping)]


def interval_of(document: Any, measure: str) -> Mapping[str, Any]:
    """The row of `intervals` about one measure; empty where there is none."""
    return next((row for row in rows(document, "intervals") if row.get("measure") == measure), {})


def best_baseline(evidence: ModelEvidence, among: Sequence[str] | None = None) -> Mapping[str, Any]:
    """The comparison with the simple rule that is right most often; empty where none was made."""
    named = at(evidence.document("walk_forward"), "baselines") or {}
    found = [named.get(name) for name in ("majority", "naive", "strongest")] + list(named.get("others") or [])
    known = [each for each in found if each and each.get("baseline_accuracy") is not None]
    known = [each for each in known if among is None or each.get("baseline") in among]
    return max(known, key=lambda each: each["baseline_accuracy"], default={})


def strongest_baseline(evidence: ModelEvidence) -> Mapping[str, Any]:
    """The comparison whose p-value the gate reads: with the simple rule that is hardest to tell apart from the model."""
    return at(evidence.document("walk_forward"), "baselines", "strongest") or {}


INSUFFICIENT = "insufficient_evidence"


def drifted_share(drift: Document) -> float | None:
    """The share of features that drifted; None where too few of them could be judged to say so.

    >>> drifted_share({"status": "insufficient_evidence", "drifted_share": 0.0}), drifted_share({"drifted_share": 0.0})
    (None, 0.0)
    """
    return None if drift.get("status") == INSUFFICIENT else drift.get("drifted_share")


BASELINES = {
    "majority": "always saying the commoner class",
    "naive": "the naive forecast",
    "buy_and_hold": "always saying up",
    "moving_average": "the side of the moving average",
}


def named_baseline(comparison: Mapping[str, Any]) -> str:
    """A baseline in words.

    >>> named_baseline({"baseline": "majority"})
    'always saying the commoner class'
    """
    name = str(comparison.get("baseline", "a simple rule"))
    return BASELINES.get(name, name.replace("_", " "))
