"""What every source of bars promises, run over all of them; network sources ask a server on the loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.exchange_server import made_binance, random_hours
from fakes.yahoo_server import share_of_walk, yahoo_server

from trimtab.bars.sources import SOURCES, SourceOptions, open_source
from trimtab.bars.sources.protocol import BarSource
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.errors import SourceError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import parse_calendar
from trimtab.storage.lake import open_lake

CLOCK = SimulatedClock(datetime(2021, 1, 1, tzinfo=UTC))


def no_options(_: Path, __: ExitStack) -> SourceOptions:
    return SourceOptions()


def a_folder(folder: Path, _: ExitStack) -> SourceOptions:
    import pyarrow.parquet as pq

    pq.write_table(random_walk(60).to_table(), folder / "bars.parquet")
    return SourceOptions(path=folder)


def a_database(folder: Path, _: ExitStack) -> SourceOptions:
    import duckdb

    with duckdb.connect(str(folder / "bars.duckdb")) as connection:
        bars = random_walk(60).to_table()
        connection.register("given", bars)
        connection.execute("CREATE TABLE bars AS SELECT * FROM given")
    return SourceOptions(path=folder / "bars.duckdb")


def an_exchange(_: Path, servers: ExitStack) -> SourceOptions:
    server = servers.enter_context(made_binance(random_hours(1_500)).server().running())
    return SourceOptions(exchange="binance", base_url=server.url, clock=CLOCK)


def yahoo(_: Path, servers: ExitStack) -> SourceOptions:
    server = servers.enter_context(yahoo_server(share_of_walk("AAA")).running())
    return SourceOptions(base_url=server.url, clock=CLOCK)


def an_inbox(folder: Path, _: ExitStack) -> SourceOptions:
    store = BarStore(open_lake(Settings(data_dir=folder), CLOCK))
    store.append(random_walk(60), CLOCK.now())
    return SourceOptions(store=store, inbox=folder / "inbox")


# What each source needs to be opened here; one that is not named needs nothing.
OPTIONS: dict[str, Callable[[Path, ExitStack], SourceOptions]] = {
    "files": a_folder,
    "inbox": an_inbox,
    "duckdb": a_database,
    "ccxt": an_exchange,
    "yfinance": yahoo,
}
# What the sources have that cannot list it.
UNLISTED = {"ccxt": Series("BTC-USDT", Timeframe.HOUR), "yfinance": Series("AAA", Timeframe.DAY)}


@pytest.fixture(params=SOURCES, scope="module")
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BarSource]:
    with ExitStack() as servers:
        folder = tmp_path_factory.mktemp(request.param)
        yield open_source(request.param, OPTIONS.get(request.param, no_options)(folder, servers))


@pytest.fixture
def offered(source: BarSource) -> list[Series]:
    return source.instruments() or [UNLISTED[source.name]]


def test_it_is_a_source_and_knows_its_name(source: BarSource) -> None:
    assert isinstance(source, BarSource)
    assert source.name in SOURCES


def test_it_lists_what_it_has_in_order(source: BarSource) -> None:
    offered = source.instruments()
    assert offered == sorted(set(offered))


def test_everything_it_lists_can_be_fetched(source: BarSource, offered: list[Series]) -> None:
    for series in offered:
        bars = source.fetch(series)
        assert bars.series == series
        assert len(bars) > 0


def test_no_bar_is_known_before_its_close(source: BarSource, offered: list[Series]) -> None:
    for series in offered:
        bars = source.fetch(series)
        assert (bars.known_time >= bars.event_time + series.timeframe.duration_us).all()


def test_the_same_question_has_the_same_answer(source: BarSource, offered: list[Series]) -> None:
    series = offered[0]
    for (name, once), (_, again) in zip(source.fetch(series).arrays(), source.fetch(series).arrays(), strict=True):
        np.testing.assert_array_equal(once, again, err_msg=name)


def test_since_leaves_out_what_is_earlier_and_nothing_else(source: BarSource, offered: list[Series]) -> None:
    series = offered[0]
    everything = source.fetch(series)
    since = everything.event_time[len(everything) // 2]
    some = source.fetch(series, as_datetime(since))
    np.testing.assert_array_equal(some.close, everything.close[everything.event_time >= since])


def test_until_leaves_out_what_is_later_and_nothing_else(source: BarSource, offered: list[Series]) -> None:
    everything = source.fetch(offered[0])
    until = everything.event_time[len(everything) // 2]
    some = source.fetch(offered[0], until=as_datetime(until))
    np.testing.assert_array_equal(some.close, everything.close[everything.event_time <= until])


def test_its_actions_are_of_the_instrument(source: BarSource, offered: list[Series]) -> None:
    assert source.actions(offered[0]).instrument_id == offered[0].instrument_id


def test_the_calendar_it_names_is_one_that_is_known(source: BarSource, offered: list[Series]) -> None:
    name = source.calendar(offered[0])
    assert name is None or parse_calendar(name).name == name


def test_an_unknown_instrument_is_refused_by_name_with_what_there_is(source: BarSource) -> None:
    with pytest.raises(SourceError, match=f"source '{source.name}': unknown series 'NOPE__1d'") as caught:
        source.fetch(Series("NOPE", Timeframe.DAY))
    assert isinstance(caught.value, UnknownNameError)
    assert all(series.key in str(caught.value) for series in source.instruments()[:1])


def test_an_empty_answer_is_an_error_naming_source_and_series(source: BarSource, offered: list[Series]) -> None:
    series = offered[0]
    with pytest.raises(SourceError, match=f"source '{source.name}' has no bars of {series.key} since 2100"):
        source.fetch(series, datetime(2100, 1, 1, tzinfo=UTC))
