"""A certificate of a model: stored by content, and worth nothing about another recipe."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.errors import IntegrityError
from trimtab.monitoring.certificates import store_certificate
from trimtab.monitoring.model_certificates import (
    judge_model_certificate,
    load_model_certificate,
    store_model_certificate,
)
from trimtab.storage.lake import Lake


def canary(name: str, passed: bool | None, kind: str = "must_vanish") -> dict[str, Any]:
    return {"name": name, "kind": kind, "passed": passed, "sentence": f"what {name} found"}


def document(*canaries: dict[str, Any]) -> dict[str, Any]:
    return {"recipe": "a" * 64, "canaries": list(canaries)}


def test_what_is_stored_is_read_back_under_its_hash(lake: Lake) -> None:
    digest = store_model_certificate(lake, document(canary("one", True)))
    assert store_model_certificate(lake, document(canary("one", True))) == digest
    assert load_model_certificate(lake, digest)["canaries"] == [canary("one", True)]


def test_a_certificate_about_other_folds_says_nothing_about_these() -> None:
    certified = document(canary("one", True)) | {"validation": {"window": "expanding"}}
    assert judge_model_certificate(certified, "a" * 64, {"window": "expanding"}).n_leaks == 0
    verdict = judge_model_certificate(certified, "a" * 64, {"window": "rolling"})
    assert verdict.n_leaks is None
    assert "other folds" in verdict.reason


def test_another_kind_of_certificate_is_refused(lake: Lake) -> None:
    digest = store_certificate(lake, {"canaries": []})
    with pytest.raises(IntegrityError, match="run the stage model_certificate again"):
        load_model_certificate(lake, digest)


def test_a_damaged_certificate_is_refused(lake: Lake) -> None:
    digest = store_model_certificate(lake, document(canary("one", True)))
    lake.artifacts.path(digest).write_bytes(b"{}")
    with pytest.raises(IntegrityError):
        load_model_certificate(lake, digest)


def test_all_passed_is_clean() -> None:
    verdict = judge_model_certificate(document(canary("one", True), canary("two", True, "must_appear")), "a" * 64)
    assert verdict.n_leaks == 0
    assert verdict.reason == "2 canaries found no way from a test label to a forecast"


def test_failures_are_counted_and_named_even_where_another_was_not_checked() -> None:
    verdict = judge_model_certificate(
        document(canary("one", False), canary("two", None), canary("three", False, "audit"))
    )
    assert verdict.n_leaks == 2
    assert verdict.reason == "one: what one found; three: what three found"


@pytest.mark.parametrize(
    "open_one", [canary("two", None), canary("two", False, "must_appear"), canary("two", None, "must_appear")]
)
def test_what_was_not_checked_leaves_the_number_unknown(open_one: dict[str, Any]) -> None:
    verdict = judge_model_certificate(document(canary("one", True), open_one))
    assert (verdict.n_leaks, verdict.reason) == (None, "two: what two found")


def test_no_certificate_another_recipe_and_no_canaries_are_unknown() -> None:
    assert judge_model_certificate(None).n_leaks is None
    assert judge_model_certificate(document()).reason == "no canary was run"
    verdict = judge_model_certificate(document(canary("one", True)), "b" * 64)
    assert verdict.n_leaks is None
    assert verdict.reason.startswith("the certificate is about recipe aaaaaaaaaaaa, not bbbbbbbbbbbb")


def test_a_canary_that_does_not_apply_is_no_obstacle_and_is_told() -> None:
    aside = canary("two", None) | {"applies": False}
    verdict = judge_model_certificate(document(canary("one", True), aside))
    assert verdict.n_leaks == 0
    assert verdict.reason == ("1 canaries found no way from a test label to a forecast; two: what two found")
    assert judge_model_certificate(document(aside)).n_leaks is None
    assert judge_model_certificate(document(canary("one", None), aside)).n_leaks is None
    assert judge_model_certificate(document(canary("one", False), aside)).n_leaks == 1
