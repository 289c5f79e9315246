"""Real bar files, with the columns their owners gave them, through the command line."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.command_line import trimtab

from trimtab.features.catalogue import catalogue

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "instruments", "timeframe"),
    [("crypto_1h", ["BTC/USDT", "ETH/USDT"], "1h"), ("equities_daily", ["AAPL", "IBM", "BF.B"], "1d")],
)
def test_every_feature_of_a_real_file_with_its_own_column_names(
    shared_data: Path, tmp_path: Path, name: str, instruments: list[str], timeframe: str
) -> None:
    whole = pq.read_table(shared_data / f"{name}.parquet")
    table = whole.filter(pc.is_in(whole["symbol"], pc.cast(instruments, whole["symbol"].type)))
    pq.write_table(table, tmp_path / f"{name}.parquet")
    out = tmp_path / "features.parquet"
    answer = trimtab("features", "compute", tmp_path / f"{name}.parquet", "--set", "all", "--out", out, "--json")
    assert answer.code == 0, answer.err
    made = answer.document
    assert made["features"] == list(catalogue())
    assert made["columns"]["instrument_id"] == "symbol"
    assert sum(each["rows"] + each["left_out"] for each in made["instruments"]) == table.num_rows > 5_000
    features = pq.read_table(out)
    assert features.column_names == ["instrument_id", "timeframe", "event_time", *catalogue()]
    assert set(features["instrument_id"].to_pylist()) == {each.replace("/", "-") for each in instruments}
    assert set(features["timeframe"].to_pylist()) == {timeframe}
    never = {each for each in catalogue() if pc.all(pc.is_nan(features[each])).as_py()}
    # A file of bars has no facts; the other instruments in it are peers, of which one alone has no dispersion.
    of_facts = {name for name, feature in catalogue().items() if set(feature.needs) - {"peers"}}
    assert of_facts <= never <= of_facts | {"peer_dispersion_1", "peer_dispersion_20"}


def test_a_hundred_thousand_real_hours_are_judged(shared_data: Path) -> None:
    answer = trimtab("bars", "check", shared_data / "crypto_1h.parquet", "--json")
    assert answer.code == 0, answer.err
    found = answer.document["instruments"]
    assert len(found) == 22
    assert sum(each["bars"] for each in found) > 100_000
    assert all(each["accepted"] > 0.99 * each["bars"] for each in found)
