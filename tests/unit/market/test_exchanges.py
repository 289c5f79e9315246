"""Sessions of exchanges against what the exchanges published and against real files."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market.exchanges import exchange_sessions, known_days, resolve_exchange


def days(name: str, first: str, last: str) -> list[str]:
    table = exchange_sessions(name, np.datetime64(first), np.datetime64(last))
    labels = table.label.astype("datetime64[D]")
    return labels[(labels >= np.datetime64(first)) & (labels <= np.datetime64(last))].astype(str).tolist()


@pytest.mark.parametrize(
    ("name", "closed", "is_open"),
    [
        # Orthodox Easter of 2024 was on 5 May: https://www.athexgroup.gr, public holidays 2024
        ("ASEX", ["2024-03-18", "2024-05-03", "2024-05-06"], ["2024-05-02", "2024-05-07"]),
        ("XBSE", ["2024-05-03", "2024-05-06"], ["2024-05-02", "2024-05-07"]),
        # https://www.tase.co.il, trading vacation schedules: Purim, Passover, Yom Kippur; not Western Easter
        (
            "XTAE",
            ["2023-03-07", "2023-04-05", "2023-04-06", "2023-09-24", "2023-09-25", "2023-04-07"],
            ["2023-04-09", "2023-04-10", "2023-09-26"],
        ),
        # The first Friday session, after the last Sunday one
        ("XTAE", ["2026-01-02", "2026-01-11"], ["2026-01-04", "2026-01-09"]),
        # A Saturday on which Mumbai tested its recovery site
        ("XBOM", ["2024-01-13", "2024-01-22"], ["2024-01-20"]),
        ("XKRX", ["1998-12-12"], ["1998-12-05"]),
        ("XLON", ["2022-09-19", "2023-05-08"], ["2022-09-16"]),
    ],
)
def test_holidays_of_other_calendars_and_moved_weekends_are_known(
    name: str, closed: list[str], is_open: list[str]
) -> None:
    assert [day for day in closed if days(name, day, day)] == []
    assert [day for day in is_open if not days(name, day, day)] == []


def test_seoul_opens_late_on_the_first_session_of_a_year_only() -> None:
    table = exchange_sessions("XKRX", np.datetime64("2019-12-01"), np.datetime64("2020-02-01"))
    opens = {str(label)[:10]: str(begin)[11:16] for label, begin in zip(table.label, table.open, strict=True)}
    assert [opens[day] for day in ("2019-12-27", "2019-12-30", "2020-01-02", "2020-01-03")] == [
        "00:00", "00:00", "01:00", "00:00",
    ]  # fmt: skip


def test_years_are_joined_without_a_seam() -> None:
    table = exchange_sessions("XNYS", np.datetime64("1979-12-20"), np.datetime64("2000-01-10"))
    assert (np.diff(table.label) > np.timedelta64(0, "D")).all()
    # The longest pause: after 10 September 2001.
    assert np.diff(table.label).max() == np.timedelta64(7, "D")
    assert days("XNYS", "1999-12-30", "2000-01-04") == ["1999-12-30", "1999-12-31", "2000-01-03", "2000-01-04"]


def test_a_session_far_to_the_east_opens_the_evening_before_its_date() -> None:
    table = exchange_sessions("XASX", np.datetime64("2024-03-08"), np.datetime64("2024-03-08"))
    row = int(np.searchsorted(table.label, np.datetime64("2024-03-08", "us")))
    assert str(table.open[row])[:16] == "2024-03-07T23:00"


def test_years_nobody_knows_are_refused_with_what_is_known() -> None:
    assert str(known_days("XTKS")[0]) == "1997-01-01"
    with pytest.raises(ConfigurationError, match=r"XTKS knows sessions from 1997-01-01 .* asked from 1990-01-02"):
        exchange_sessions("XTKS", np.datetime64("1990-01-02"), np.datetime64("2000-01-01"))
    with pytest.raises(ConfigurationError, match=r"asked from 2019-01-01 to 2999-01-01.*name another calendar"):
        exchange_sessions("XNYS", np.datetime64("2019-01-01"), np.datetime64("2999-01-01"))


def test_the_first_known_session_can_be_asked_for() -> None:
    assert days("XTKS", "1997-01-01", "1997-01-07") == ["1997-01-06", "1997-01-07"]


def test_aliases_are_resolved_and_unknown_names_refused() -> None:
    assert [resolve_exchange(name) for name in ("NYSE", "NASDAQ", "TASE", "XPAR")] == ["XNYS", "XNYS", "XTAE", "XPAR"]
    with pytest.raises(UnknownNameError, match="unknown calendar 'XLOM'; did you mean 'XLON'"):
        resolve_exchange("XLOM")
