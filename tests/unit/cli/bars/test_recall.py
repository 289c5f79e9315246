"""What a person writes as the end of a span, and what the tables cut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trimtab.cli.bars.recall import _end, _short
from trimtab.errors import ConfigurationError


def test_a_date_as_the_end_means_its_whole_day_and_a_moment_itself() -> None:
    assert _end("2018-02-09") == datetime(2018, 2, 9, 23, 59, 59, 999_999, tzinfo=UTC)
    assert _end("2018-02-09T10:00:00Z") == datetime(2018, 2, 9, 10, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match="carries no time zone"):
        _end("2018-02-09T10:00:00")


def test_only_long_hashes_are_cut_in_tables() -> None:
    rows = [{"name": "ab" * 32, "about": "version 1.0.0"}, {"name": "reports/walk_forward_report/a-long-name"}]
    assert [row["name"] for row in _short(rows, "name")] == ["abababababab", rows[1]["name"]]
