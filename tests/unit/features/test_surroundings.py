"""What is there around a series, and what is not."""

from __future__ import annotations

import pytest

from trimtab.facts import Figures, Texts
from trimtab.features.surroundings import NOTHING, SURROUNDINGS, Surroundings

ACCOUNTS = Figures.build("AAA", ["assets"], ["NaT"], ["2020-03-31"], [1.0], ["2020-05-01"])
OPTIONS = Figures.build("AAA", ["put_volume"], ["2020-03-30"], ["2020-03-31"], [1.0], ["2020-03-31"])


@pytest.mark.parametrize("need", SURROUNDINGS)
def test_nothing_lacks_everything(need: str) -> None:
    assert NOTHING.missing(need)
    assert Surroundings(Figures.empty("AAA"), Texts.empty("AAA")).missing(need)


def test_accounts_are_no_options_and_options_are_no_accounts() -> None:
    assert not Surroundings(ACCOUNTS).missing("figures") and Surroundings(ACCOUNTS).missing("options")
    assert not Surroundings(OPTIONS).missing("options") and Surroundings(OPTIONS).missing("figures")
