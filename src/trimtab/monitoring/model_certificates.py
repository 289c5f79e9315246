"""The certificate of a model's recipe as a document: stored under its SHA-256, and what it is worth to a gate.

It is evidence about one recipe (samples, family, parameters, seed). About another recipe, damaged, or with a
canary that could not be checked, it says nothing: the number of failures is then unknown, and passes no gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.monitoring.certificates import CertificateVerdict, load_of_format
from trimtab.storage.hashing import canonical_json
from trimtab.storage.lake import Lake

FORMAT = "trimtab model certificate 1"


def store_model_certificate(lake: Lake, document: Mapping[str, Any]) -> str:
    """Store a certificate and return its SHA-256; the same document stored again changes nothing."""
    return lake.artifacts.put(canonical_json({"format": FORMAT, **document}).encode())


def load_model_certificate(lake: Lake, digest: str) -> dict[str, Any]:
    """Read a certificate back.

    Raises `NotFoundError` when there is none of that digest, and `IntegrityError` when its bytes have changed or are
    no certificate of a model.
    """
    return load_of_format(lake, digest, FORMAT, what="certificate", stage="model_certificate")


def judge_model_certificate(
    document: Mapping[str, Any] | None, recipe: str | None = None, validation: Mapping[str, Any] | None = None
) -> CertificateVerdict:
    """How many canaries failed, or None where that is not known, with one sentence.

    A canary that must appear and did not makes the number unknown: then silence of the others proves nothing. So
    does one that could not be checked, unless another has failed already. One that does not apply to such samples
    is no obstacle: the certificate rests on the others, and the sentence says so.

    >>> sound = {"name": "label permutation", "kind": "must_vanish", "passed": True, "sentence": "..."}
    >>> judge_model_certificate({"recipe": "r", "canaries": [sound]}, "r").n_leaks
    0
    """
    if document is None:
        return CertificateVerdict(None, "there is no certificate of the model; run the stage model_certificate")
    if recipe is not None and document["recipe"] != recipe:
        return CertificateVerdict(
            None,
            f"the certificate is about recipe {str(document['recipe'])[:12]}, not {recipe[:12]}; "
            "run the stage model_certificate again",
        )
    if validation is not None and document["validation"] != validation:
        return CertificateVerdict(
            None, "the certificate is about other folds than are judged; run the stage model_certificate again"
        )
    canaries = document["canaries"]
    failed = [each for each in canaries if each["kind"] != "must_appear" and each["passed"] is False]
    if failed:
        return CertificateVerdict(len(failed), "; ".join(_told(each) for each in failed))
    applying = [each for each in canaries if each.get("applies", True)]
    open_ones = [each for each in applying if not each["passed"]]
    if open_ones or not applying:
        return CertificateVerdict(None, "; ".join(_told(each) for each in open_ones) or "no canary was run")
    aside = "".join(f"; {_told(each)}" for each in canaries if not each.get("applies", True))
    return CertificateVerdict(0, f"{len(applying)} canaries found no way from a test label to a forecast{aside}")


def _told(canary: Mapping[str, Any]) -> str:
    return f"{canary['name']}: {canary['sentence']}"
