"""Bars from what DuckDB reads: the same bars as from the file, and every refusal in one sentence."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk

from trimtab.bars.schema import Bars
from trimtab.bars.sources import SourceOptions, open_source
from trimtab.bars.sources.duckdb import DuckDBBars
from trimtab.bars.sources.files import BarFiles
from trimtab.errors import ConfigurationError, SchemaError, SourceError, TrimtabError, UnknownNameError
from trimtab.market import Series, Timeframe

AAA, BBB = Series("AAA", Timeframe.DAY), Series("BBB", Timeframe.DAY)
HEADER = "symbol,timeframe,ts,open,high,low,close,volume\n"


def two_walks() -> pa.Table:
    return pa.concat_tables([random_walk(40, 1, "AAA").to_table(), random_walk(30, 2, "BBB").to_table()])


def database(folder: Path, *statements: str, table: pa.Table | None = None) -> Path:
    path = folder / "market.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("given", two_walks() if table is None else table)
        for statement in statements or ("CREATE TABLE bars AS SELECT * FROM given",):
            connection.execute(statement)
    return path


def assert_same(given: Bars, wanted: Bars) -> None:
    assert given.series == wanted.series
    for (name, mine), (_, other) in zip(given.arrays(), wanted.arrays(), strict=True):
        np.testing.assert_array_equal(mine, other, err_msg=name)


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return database(tmp_path)


class TestWhatMayBeAsked:
    def test_the_only_table_of_a_database_needs_no_name(self, market: Path) -> None:
        source = DuckDBBars(market)
        assert source.instruments() == [AAA, BBB]
        assert_same(source.fetch(AAA), random_walk(40, 1, "AAA"))
        assert source.columns[0]["event_time"] == "event_time (times with a zone)"

    @pytest.mark.parametrize(
        "query",
        [
            "bars",
            "SELECT * FROM bars",
            "from bars",
            "WITH b AS (SELECT * FROM bars) SELECT * FROM b -- all of them",
            "SELECT * FROM bars;",
        ],
    )
    def test_a_table_by_name_or_one_select(self, market: Path, query: str) -> None:
        assert_same(DuckDBBars(market, query).fetch(BBB), random_walk(30, 2, "BBB"))

    def test_a_view_and_a_table_of_another_schema(self, tmp_path: Path) -> None:
        path = database(
            tmp_path,
            "CREATE SCHEMA daily",
            "CREATE TABLE daily.bars AS SELECT * FROM given",
            "CREATE VIEW half AS SELECT * FROM daily.bars WHERE instrument_id = 'BBB'",
        )
        assert DuckDBBars(path, "half").instruments() == [BBB]
        assert DuckDBBars(path, "daily.bars").instruments() == [AAA, BBB]

    def test_a_view_on_files_beside_the_database(self, tmp_path: Path) -> None:
        pq.write_table(two_walks(), tmp_path / "x.parquet")
        path = database(tmp_path, f"CREATE VIEW bars AS SELECT * FROM read_parquet('{tmp_path}/x.parquet')")
        assert DuckDBBars(path).instruments() == [AAA, BBB]

    @pytest.mark.parametrize("given", ["x.parquet", "*.parquet", ".", "x.csv"])
    def test_files_are_the_table_bars(self, tmp_path: Path, given: str) -> None:
        folder = tmp_path / "it's [here]"
        folder.mkdir()
        if given == "x.csv":
            two_walks().to_pandas().to_csv(folder / "x.csv", index=False)
        else:
            pq.write_table(two_walks(), folder / "x.parquet")
        path = Path(str(folder).replace("[", "[[]") + "/*.parquet") if "*" in given else folder / given
        for query in (None, "bars", "SELECT * FROM bars WHERE close::DOUBLE > 0"):
            source = DuckDBBars(path, query)
            assert source.instruments() == [AAA, BBB]
            assert_same(source.fetch(BBB), random_walk(30, 2, "BBB"))

    def test_a_query_without_a_path_names_its_files(self, tmp_path: Path) -> None:
        pq.write_table(two_walks(), tmp_path / "x.parquet")
        source = open_source("duckdb", SourceOptions(query=f"SELECT * FROM '{tmp_path}/x.parquet'"))
        assert_same(source.fetch(AAA), random_walk(40, 1, "AAA"))

    def test_a_series_may_be_spread_over_files_with_columns_in_any_order(self, tmp_path: Path) -> None:
        bars = random_walk(40).to_table()
        pq.write_table(bars.slice(0, 25), tmp_path / "a.parquet")
        pq.write_table(bars.slice(25).select(bars.column_names[::-1]), tmp_path / "b.parquet")
        assert_same(DuckDBBars(tmp_path).fetch(AAA), random_walk(40))

    def test_a_column_that_only_some_files_have_counts_where_it_is(self, tmp_path: Path) -> None:
        bars = random_walk(40).to_table().drop(["factor"])
        pq.write_table(bars.slice(0, 25), tmp_path / "a.parquet")
        later = bars.slice(25)
        pq.write_table(
            later.append_column("adj_close", pa.array(later["close"].to_numpy() / 2)), tmp_path / "b.parquet"
        )
        assert DuckDBBars(tmp_path).fetch(AAA).factor.tolist() == [1.0] * 25 + [0.5] * 15

    def test_others_may_read_the_database_meanwhile(self, market: Path) -> None:
        source = DuckDBBars(market)
        source.instruments()
        reader = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(c.sql('FROM bars').fetchall()[0][0])"
        done = subprocess.run([sys.executable, "-c", reader, str(market)], capture_output=True, text=True, check=True)
        assert done.stdout == "AAA\n"

    def test_the_same_database_may_be_opened_twice(self, market: Path) -> None:
        first, second = DuckDBBars(market), DuckDBBars(market, "SELECT * FROM bars WHERE instrument_id = 'BBB'")
        assert (first.instruments(), second.instruments()) == ([AAA, BBB], [BBB])


class TestItReadsWhatAFileReads:
    @pytest.mark.parametrize(
        "name", ["crypto_1d", "crypto_5m", "equities_daily_stocknet", "dirty/dirty_equities_daily"]
    )
    def test_real_bars(self, shared_data: Path, tmp_path: Path, name: str) -> None:
        path = shared_data / f"{name}.parquet"
        with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
            connection.execute(f"CREATE TABLE bars AS SELECT * FROM '{path}'")
        from_files, from_table, from_parquet = BarFiles(path), DuckDBBars(tmp_path / "x.duckdb"), DuckDBBars(path)
        assert from_files.instruments() == from_table.instruments() == from_parquet.instruments()
        for series in from_files.instruments():
            bars = from_files.fetch(series)
            bars = bars.take(np.lexsort((bars.volume, bars.close, bars.low, bars.high, bars.open, bars.event_time)))
            assert_same(from_table.fetch(series), bars)
            assert_same(from_parquet.fetch(series), bars)

    def test_an_export_in_csv_with_the_midnight_of_its_exchange(self, tmp_path: Path) -> None:
        (tmp_path / "XYZ.csv").write_text(
            "Date,Open,High,Low,Close,Adj Close,Volume\n"
            "2020-01-02 00:00:00-05:00,10,12,9,11,5.5,100\n2020-07-03 00:00:00-04:00,11,12,9,n/a,5.0,100\n"
        )
        source, files = (
            DuckDBBars(tmp_path / "XYZ.csv", timeframe=Timeframe.DAY),
            BarFiles(tmp_path / "XYZ.csv", timeframe=Timeframe.DAY),
        )
        (series,) = source.instruments()
        assert series == Series("XYZ", Timeframe.DAY)
        assert_same(source.fetch(series), files.fetch(series))
        assert source.columns == files.columns

    @pytest.mark.parametrize(
        ("time", "first"),
        [
            ("event_time::DATE", "2020-01-01"),
            ("event_time::TIMESTAMP", "2020-01-01"),
            ("event_time::TIMESTAMP::TIMESTAMP_NS", "2020-01-01"),
            ("strftime(event_time, '%Y-%m-%d')", "2020-01-01"),
            ("strftime(event_time, '%Y%m%d')::INTEGER", "2020-01-01"),
            ("epoch_ms(event_time)", "2020-01-01"),
            ("strftime(event_time, '%Y-%m-%d') || ' 00:00:00-05:00'", "2020-01-01"),
        ],
    )
    def test_times_of_every_kind_that_is_understood(self, tmp_path: Path, time: str, first: str) -> None:
        path = database(
            tmp_path, f"CREATE TABLE b AS SELECT * EXCLUDE (event_time, known_time), {time} AS ts FROM given"
        )
        source, wanted = DuckDBBars(path), random_walk(40, 1, "AAA")
        assert_same(source.fetch(AAA), wanted)
        since, until = datetime(2020, 1, 5, tzinfo=UTC), datetime(2020, 1, 7, tzinfo=UTC)
        assert_same(source.fetch(AAA, since, until), wanted.take(slice(4, 7)))

    def test_decimals_enums_and_huge_integers_are_numbers_and_names(self, tmp_path: Path) -> None:
        path = database(
            tmp_path,
            "CREATE TYPE ticker AS ENUM ('AAA', 'BBB')",
            "CREATE TABLE b AS SELECT * REPLACE (instrument_id::ticker AS instrument_id, volume::HUGEINT AS volume, "
            "close::DECIMAL(18, 6) AS close) FROM given",
        )
        bars, wanted = DuckDBBars(path).fetch(BBB), random_walk(30, 2, "BBB")
        np.testing.assert_array_equal(bars.volume, wanted.volume)
        np.testing.assert_allclose(bars.close, wanted.close, atol=5e-7)

    def test_the_timeframe_is_read_off_the_spacing_or_given(self, tmp_path: Path) -> None:
        path = database(tmp_path, "CREATE TABLE b AS SELECT * EXCLUDE (timeframe) FROM given ORDER BY random()")
        assert DuckDBBars(path).columns[0]["timeframe"] == "1d (from the spacing of the times)"
        assert DuckDBBars(path, timeframe=Timeframe.WEEK).instruments()[0] == Series("AAA", Timeframe.WEEK)

    def test_a_table_of_one_instrument_may_be_named_after_it(self, tmp_path: Path) -> None:
        path = database(
            tmp_path, "CREATE TABLE SPY AS SELECT * EXCLUDE (instrument_id) FROM given WHERE instrument_id = 'AAA'"
        )
        source = DuckDBBars(path)
        assert source.instruments() == [Series("SPY", Timeframe.DAY)]
        assert source.columns[0]["instrument_id"] == "the table's name (SPY)"

    def test_bars_come_by_time_however_they_lie_and_duplicates_by_their_values(self, tmp_path: Path) -> None:
        path = database(
            tmp_path,
            "CREATE TABLE b AS SELECT * FROM given ORDER BY random()",
            "INSERT INTO b SELECT * REPLACE (close / 2 AS close) FROM given WHERE instrument_id = 'AAA'",
        )
        once, again = DuckDBBars(path).fetch(AAA), DuckDBBars(path).fetch(AAA)
        assert_same(once, again)
        assert (np.diff(once.event_time) >= np.timedelta64(0)).all()
        assert (once.close[::2] * 2 == once.close[1::2]).all()

    def test_a_bar_without_a_time_is_left_to_the_checks_in_every_span(self, tmp_path: Path) -> None:
        path = database(
            tmp_path,
            "CREATE TABLE b AS SELECT * FROM given",
            "INSERT INTO b SELECT * REPLACE (NULL AS event_time, NULL AS known_time) FROM given LIMIT 1",
        )
        bars = DuckDBBars(path).fetch(AAA, datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 3, tzinfo=UTC))
        assert np.isnat(bars.event_time).tolist() == [False, False, True]

    def test_the_publication_lag_delays_what_is_known(self, market: Path) -> None:
        bars = DuckDBBars(market, publication_lag=timedelta(hours=3)).fetch(AAA)
        assert (bars.known_time == bars.event_time + np.timedelta64(27, "h")).all()

    def test_odd_names_are_only_names(self, tmp_path: Path) -> None:
        path = database(
            tmp_path,
            'CREATE TABLE "odd; ""bars"" --" AS SELECT instrument_id AS "sym""bol", timeframe, event_time AS "Date", '
            'open AS "O pen", high, low AS "l-o-w", close AS "Adj; Close", close, volume FROM given',
            'INSERT INTO "odd; ""bars"" --" SELECT * REPLACE (\'A/\' || "sym""bol" AS "sym""bol") FROM "odd; ""bars"" --"',
        )
        source = DuckDBBars(path, 'odd; "bars" --')
        assert source.instruments()[0] == Series("A-AAA", Timeframe.DAY)
        assert len(source.fetch(Series("A-AAA", Timeframe.DAY))) == 40
        assert source.columns[0]["factor"] == "Adj; Close / close"


class TestWhatIsRefused:
    def test_nothing_to_open(self) -> None:
        with pytest.raises(ConfigurationError, match="source 'duckdb' needs a path or a query"):
            DuckDBBars().instruments()

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("DELETE FROM bars", "not: DELETE"),
            ("INSERT INTO bars SELECT * FROM bars", "not: INSERT"),
            ("SELECT * FROM bars; SELECT 1", "not: SELECT, SELECT"),
            ("SELECT * FROM bars; DROP TABLE bars", "not: SELECT, DROP"),
            ("COPY bars TO 'stolen.csv'", "not: COPY"),
            ("ATTACH 'other.duckdb'", "not: ATTACH"),
            ("SET threads = 1", "not: SET"),
            ("CREATE TABLE x AS SELECT 1", "not: CREATE"),
            ("-- nothing at all", "not: nothing"),
        ],
    )
    def test_a_query_that_is_not_one_select(self, market: Path, query: str, said: str) -> None:
        before = market.read_bytes()
        with pytest.raises(ConfigurationError, match="takes a table's name or one SELECT, " + said):
            DuckDBBars(market, query).instruments()
        assert market.read_bytes() == before
        assert not Path("stolen.csv").exists()

    @pytest.mark.parametrize("query", ["my bars", "SELEC * FROM bars", "SELECT * FROM"])
    def test_what_is_neither_a_table_nor_sql(self, market: Path, query: str) -> None:
        with pytest.raises(SourceError, match=r"is neither a table \(bars\) nor a SELECT that DuckDB understands"):
            DuckDBBars(market, query).instruments()

    def test_an_unknown_table_lists_those_there_are(self, tmp_path: Path) -> None:
        path = database(tmp_path, "CREATE TABLE hours AS SELECT 1 x", "CREATE TABLE days AS SELECT 1 x")
        with pytest.raises(
            SourceError, match="unknown table 'day'; did you mean 'days'\\? allowed: days, hours"
        ) as caught:
            DuckDBBars(path, "day").instruments()
        assert isinstance(caught.value, UnknownNameError)
        with pytest.raises(
            SourceError, match=r"cannot answer \(.*day.*does not exist.*\); its tables are: days, hours"
        ):
            DuckDBBars(path, "SELECT * FROM day").instruments()
        with pytest.raises(SourceError, match=r"holds several tables \(days, hours\); say which \(--query\)"):
            DuckDBBars(path).instruments()

    def test_a_database_without_tables(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="holds no table"):
            DuckDBBars(database(tmp_path, "SELECT 1")).instruments()

    def test_a_column_that_is_not_there(self, market: Path) -> None:
        with pytest.raises(SourceError, match=r'cannot answer .*"turnover" not found'):
            DuckDBBars(market, "SELECT turnover FROM bars").instruments()

    def test_a_table_that_holds_no_bars(self, tmp_path: Path) -> None:
        with pytest.raises(SchemaError, match=r"table 'facts' has no column for event_time .*; its columns are: a, b"):
            DuckDBBars(database(tmp_path, "CREATE TABLE facts AS SELECT 1 a, 2 b"), "facts").instruments()

    def test_a_table_without_rows(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="has columns but no rows"):
            DuckDBBars(database(tmp_path, "CREATE TABLE b AS SELECT * FROM given LIMIT 0")).instruments()

    def test_a_select_without_an_instrument(self, market: Path) -> None:
        with pytest.raises(SchemaError, match="has no column for instrument_id"):
            DuckDBBars(market, "SELECT * EXCLUDE (instrument_id) FROM bars").instruments()

    @pytest.mark.parametrize("name", ["NULL", "''"])
    def test_an_instrument_left_empty(self, tmp_path: Path, name: str) -> None:
        path = database(tmp_path, f"CREATE TABLE b AS SELECT * REPLACE ({name} AS instrument_id) FROM given")
        with pytest.raises(SchemaError, match="column 'instrument_id' is empty; every bar needs its instrument"):
            DuckDBBars(path).instruments()

    @pytest.mark.parametrize(
        ("column", "said"),
        [
            ("event_time::TIMESTAMP + INTERVAL 9 HOUR AS event_time", r"carry no time zone \(2020-01-01T09:00:00\)"),
            ("'09:00'::TIME AS event_time", "which is no time"),
            ("'soon' AS event_time", "holds 'soon' in row 1, which is no time"),
        ],
    )
    def test_times_that_are_none_and_the_source_says_so_again(self, tmp_path: Path, column: str, said: str) -> None:
        source = DuckDBBars(database(tmp_path, f"CREATE TABLE b AS SELECT * REPLACE ({column}) FROM given"))
        for _ in range(2):
            with pytest.raises(SchemaError, match=said):
                source.fetch(AAA)

    def test_an_answer_that_was_not_read_to_its_end_stands_in_the_way_of_no_other(self, tmp_path: Path) -> None:
        statement = (
            "CREATE TABLE b AS SELECT * REPLACE (event_time::TIMESTAMP + INTERVAL 9 HOUR AS event_time) "
            "FROM given, range(5000)"
        )
        source = DuckDBBars(database(tmp_path, statement))
        kept = []  # whoever holds on to a refusal holds on to where it was raised
        for _ in range(2):
            with pytest.raises(SchemaError, match="carry no time zone") as caught:
                source.fetch(AAA)
            kept.append(caught)

    def test_a_price_that_is_a_list(self, tmp_path: Path) -> None:
        path = database(tmp_path, "CREATE TABLE b AS SELECT * REPLACE ([close] AS close) FROM given")
        with pytest.raises(SchemaError, match=r"column 'close' holds list<.*>, which is no number"):
            DuckDBBars(path).fetch(AAA)

    def test_a_query_that_fails_while_it_runs(self, market: Path) -> None:
        query = "SELECT * REPLACE ((CASE WHEN close > 0 THEN 'x' END)::DOUBLE AS close) FROM bars"
        with pytest.raises(SourceError, match=r"cannot answer \(Conversion Error"):
            DuckDBBars(market, query).fetch(AAA)

    def test_a_daily_bar_whose_zone_was_lost_is_not_given_a_wrong_date(self, tmp_path: Path) -> None:
        table = random_walk(20).to_table().drop(["known_time"])
        opened = pa.array(random_walk(20).event_time + np.timedelta64(5, "h")).cast(pa.timestamp("us", "UTC"))
        table = table.set_column(2, "event_time", opened.cast(pa.timestamp("us", "America/New_York")))
        pq.write_table(table, tmp_path / "x.parquet")
        assert str(BarFiles(tmp_path / "x.parquet").fetch(AAA).event_time[0])[:13] == "2020-01-01T00"
        with pytest.raises(
            SchemaError, match="puts a bar of AAA__1d at 2020-01-01T05:00:00 UTC, which is no session date"
        ):
            DuckDBBars(tmp_path / "x.parquet").fetch(AAA)
        query = "SELECT * REPLACE (CAST(timezone('America/New_York', event_time) AS DATE) AS event_time) FROM bars"
        assert str(DuckDBBars(tmp_path / "x.parquet", query).fetch(AAA).event_time[0])[:13] == "2020-01-01T00"

    def test_files_that_do_not_agree_about_the_zone(self, tmp_path: Path) -> None:
        table = random_walk(20).to_table()
        pq.write_table(table, tmp_path / "a.parquet")
        naive = table["event_time"].cast(pa.timestamp("us"))
        pq.write_table(table.set_column(2, "event_time", naive), tmp_path / "b.parquet")
        with pytest.raises(SourceError, match="write 'event_time' with a time zone and some without"):
            DuckDBBars(tmp_path).instruments()


class TestFilesThatCannotBeRead:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("none.duckdb", "database .* does not exist; check the path"),
            ("none.parquet", "no bar file at .*none.parquet"),
            ("*.parquet", r"no bar file at .*\*.parquet"),
            ("text.duckdb", "is no DuckDB database that can be read"),
            ("half.parquet", "DuckDB cannot answer"),
        ],
    )
    def test_missing_or_damaged(self, tmp_path: Path, name: str, said: str) -> None:
        (tmp_path / "text.duckdb").write_text("not a database" * 100)
        if name == "half.parquet":
            (tmp_path / name).write_bytes(b"PAR1 half of it")
        with pytest.raises(SourceError, match=said) as caught:
            DuckDBBars(tmp_path / name).instruments()
        assert "\n" not in str(caught.value)

    def test_csv_beside_parquet(self, tmp_path: Path) -> None:
        pq.write_table(two_walks(), tmp_path / "x.parquet")
        (tmp_path / "y.csv").write_text(HEADER)
        with pytest.raises(SourceError, match="holds both CSV and Parquet files"):
            DuckDBBars(tmp_path).instruments()

    def test_locked_by_a_writer_in_another_process(self, market: Path) -> None:
        writer = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read(); c.close()"
        with subprocess.Popen(
            [sys.executable, "-c", writer, str(market)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            with pytest.raises(SourceError, match="is locked by a process that writes it"):
                DuckDBBars(market).instruments()
            process.communicate("")
        assert DuckDBBars(market).instruments() == [AAA, BBB]

    def test_open_for_writing_in_this_process(self, market: Path) -> None:
        with duckdb.connect(str(market)), pytest.raises(SourceError, match="is open for writing in this process"):
            DuckDBBars(market).instruments()

    def test_a_file_that_changes_between_two_series(self, tmp_path: Path) -> None:
        pq.write_table(two_walks(), tmp_path / "x.parquet")
        source = DuckDBBars(tmp_path / "x.parquet")
        source.fetch(AAA)
        pq.write_table(two_walks().slice(1), tmp_path / "x.parquet")
        with pytest.raises(SourceError, match=r"x\.parquet changed while it was being read"):
            source.fetch(BBB)

    def test_a_file_that_vanishes_between_two_series(self, tmp_path: Path) -> None:
        pq.write_table(two_walks(), tmp_path / "x.parquet")
        source = DuckDBBars(tmp_path / "x.parquet")
        source.fetch(AAA)
        (tmp_path / "x.parquet").unlink()
        with pytest.raises(SourceError, match=r"x\.parquet vanished while it was being read"):
            source.fetch(BBB)

    @pytest.mark.parametrize("kind", ["database", "files"])
    def test_a_query_reads_no_other_files(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "inside").mkdir()
        (tmp_path / "secret.csv").write_text(HEADER)
        if kind == "database":
            path = database(tmp_path / "inside")
        else:
            pq.write_table(two_walks(), path := tmp_path / "inside" / "x.parquet")
        with pytest.raises(TrimtabError, match="a query reads the database and files in its folder, the files given"):
            DuckDBBars(path, f"SELECT * FROM read_csv('{tmp_path}/secret.csv')").instruments()
