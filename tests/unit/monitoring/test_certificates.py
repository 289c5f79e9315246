"""A certificate counts where it is whole and about what is judged, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.errors import IntegrityError, NotFoundError
from trimtab.monitoring.certificates import judge_certificate, load_certificate, store_certificate
from trimtab.storage.lake import Lake


def _item(name: str, outcome: str = "passed", what: str = "feature", where: str = "AAA__1d") -> dict[str, Any]:
    return {"what": what, "name": name, "where": where, "outcome": outcome, "reason": ""}


def _document(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    clean = [_item("return_1"), _item("rsi_14"), _item("direction over 1 bars", what="label")]
    return {
        "dataset": "d" * 64,
        "versions": {"return_1": 1, "rsi_14": 1},
        "series": {"AAA__1d": []},
        "items": [*(items or clean)],
        "canaries": [{"name": "the close of the next bar", "where": "AAA__1d", "caught": True}],
        **changes,
    }


ABOUT = {"dataset": "d" * 64}


def test_a_whole_and_clean_certificate_counts_no_leak() -> None:
    verdict = judge_certificate(_document(), {**ABOUT, "versions": {"return_1": 1, "rsi_14": 1}})
    assert verdict.n_leaks == 0
    assert "3 features, labels" in verdict.reason


def test_every_leak_counts_and_is_named() -> None:
    verdict = judge_certificate(_document(_item("return_1", "leaks"), _item("rsi_14", "unchecked")), ABOUT)
    assert verdict.n_leaks == 1
    assert "return_1 (AAA__1d)" in verdict.reason


@pytest.mark.parametrize(
    ("document", "about", "said"),
    [
        (None, ABOUT, "there is no leak certificate"),
        (_document(), {"dataset": "e" * 64}, "about dataset dddddddddddd, not eeeeeeeeeeee"),
        (_document(), {**ABOUT, "versions": {"return_1": 2, "rsi_14": 1}}, "other features or versions"),
        (_document(), {**ABOUT, "label": {"kind": "direction"}}, "other label settings"),
        (_document(_item("return_1"), _item("rsi_14", "unchecked")), ABOUT, "leaves 1 unchecked: rsi_14"),
        (_document(_item("return_1")), ABOUT, "does not cover every feature: rsi_14 (AAA__1d)"),
        (_document(series={"AAA__1d": [], "BBB__1d": []}), ABOUT, "return_1 (BBB__1d)"),
        (_document(versions={}), ABOUT, "does not cover every feature"),
        (_document(canaries=[{"name": "a hidden leak", "where": "AAA__1d", "caught": False}]), ABOUT, "a hidden leak"),
    ],
)  # fmt: skip
def test_what_is_missing_stale_or_partly_unchecked_leaves_the_number_of_leaks_unknown(
    document: dict[str, Any] | None, about: dict[str, Any], said: str
) -> None:
    verdict = judge_certificate(document, about)
    assert verdict.n_leaks is None
    assert said in verdict.reason


def test_a_feature_without_any_facts_has_nothing_to_leak() -> None:
    assert judge_certificate(_document(_item("return_1"), _item("rsi_14", "absent")), ABOUT).n_leaks == 0


def test_a_stored_certificate_comes_back_and_a_changed_one_does_not(lake: Lake) -> None:
    digest = store_certificate(lake, _document())
    assert store_certificate(lake, _document()) == digest
    assert judge_certificate(load_certificate(lake, digest), ABOUT).n_leaks == 0
    path = lake.artifacts.path(digest)
    path.write_bytes(path.read_bytes().replace(b'"passed"', b'"leaked"', 1))
    with pytest.raises(IntegrityError, match="damaged"):
        load_certificate(lake, digest)


def test_what_is_no_certificate_is_refused(lake: Lake) -> None:
    for content in (b"{}", b"[1]", b"model", b'{"format": "trimtab leak certificate 0"}'):
        with pytest.raises(IntegrityError, match="no leak certificate"):
            load_certificate(lake, lake.artifacts.put(content))
    with pytest.raises(NotFoundError):
        load_certificate(lake, "0" * 64)
