"""How much context a feature needs is found, stored and noticed when it no longer fits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from trimtab.cli.features.warmup import refuse_unsettled, warmup
from trimtab.errors import FeatureError
from trimtab.features import catalogue as catalogue_module
from trimtab.features import engine, stored_warmups, warmup_cases, warmup_search
from trimtab.features.catalogue import catalogue, declared_features, described_features, feature, feature_sets
from trimtab.features.context import Context
from trimtab.features.engine import compute
from trimtab.features.memory import ema_memory, wilder_memory
from trimtab.features.stored_warmups import StoredWarmup, complaint, identity_of, warmup_of
from trimtab.features.warmup import TOLERANCE, differences, median_size
from trimtab.features.warmup_cases import bars_of, cases, surroundings_of
from trimtab.features.warmup_search import (
    Memory,
    longest,
    memory_shown,
    search,
    search_bars,
    store_found,
    with_margin,
)


@pytest.fixture
def warmups_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of stored numbers that the catalogue reads instead of its own."""
    path = tmp_path / "warmups.json"
    caches = (stored_warmups.stored_warmups, catalogue_module._all_features)
    monkeypatch.setattr(stored_warmups, "PATH", path)
    for each in caches:
        each.cache_clear()
    yield path
    monkeypatch.undo()
    for each in caches:
        each.cache_clear()


class TestSearch:
    def test_a_finite_window_remembers_its_look_back_and_no_more(self) -> None:
        names = ["return_5", "sma_distance_200", "volatility_60", "drawdown_252", "hammer"]
        for case in ("AAPL", "jumps"):
            for name, memory in search_bars(names, bars_of(case, 1_500), starts=8).items():
                assert memory.found == declared_features()[name].lookback, (case, name)
                assert memory.stray == 0

    @pytest.mark.parametrize(
        ("name", "closed_form"),
        [
            ("ema_distance_20", ema_memory(20)),
            ("ema_distance_50", ema_memory(50)),
            ("rsi_14", wilder_memory(14) + 1),
            ("atr_14", wilder_memory(14) + 1),
            ("trix_15", ema_memory(15, passes=3) + 1),
            ("adx_14", wilder_memory(14, passes=2) + 1),
        ],
    )
    @pytest.mark.parametrize("case", ["SPX", "calm walk", "clustered volatility"])
    def test_an_exponential_memory_ends_where_its_closed_form_says(
        self, name: str, closed_form: int, case: str
    ) -> None:
        """The closed form ends at a weight of 1e-12, the search at a difference of 1e-9: about three quarters of it."""
        found = search_bars([name], bars_of(case, 3_000), case)[name].found
        assert found is not None
        assert 0.6 * closed_form < found <= closed_form

    def test_what_was_found_is_the_smallest_context_that_is_enough(self) -> None:
        """Every context on its own, computed again from nothing but its own bars."""
        bars, name = bars_of("calm walk", 400), "ema_distance_5"
        full = compute(bars, [name]).column(name)
        found = search_bars([name], bars, starts=1000)[name].found
        assert found is not None

        def is_enough(context: int) -> bool:
            rows = range(context + 1, 200 + context)
            short = [compute(bars.take(slice(row - context, row + 1)), [name]).values[-1, 0] for row in rows]
            return bool((differences(np.array(short), full[list(rows)], median_size(full)) <= TOLERANCE).all())

        assert not is_enough(found - 1)
        assert is_enough(found)
        assert is_enough(found + 1)

    def test_a_market_that_stands_still_is_not_taken_for_a_memory_that_ended(self) -> None:
        """While it stands still RSI keeps what it was, so what was before still counts after hundreds of bars."""
        still, calm = (search_bars(["rsi_14"], bars_of(case), case)["rsi_14"] for case in ("standing still", "jumps"))
        assert still.found > 1.5 * calm.found  # type: ignore[operator]

    def test_features_of_facts_and_peers_are_searched_with_facts_and_peers(self) -> None:
        names = [name for name, each in catalogue().items() if each.needs]
        bars = bars_of("jumps", 1_200)
        around = surroundings_of(bars)
        values = compute(bars, names, surroundings=around)
        empty = [name for name in names if np.isnan(values.column(name)).all()]
        assert empty == []
        for name, memory in search_bars(names, bars, surroundings=around, starts=3).items():
            assert memory.found is not None and memory.found >= declared_features()[name].lookback

    def test_the_series_are_real_and_simulated_and_as_they_should_be(self) -> None:
        assert len(cases()) == 12
        for case in cases():
            bars = bars_of(case, 700)
            prices = np.stack([bars.open, bars.high, bars.low, bars.close])
            assert len(bars) >= 700 and np.isfinite(prices).all() and (prices > 0.0).all()
            assert (prices[1] >= prices).all() and (prices[2] <= prices).all()
        ticks, still, idle = (bars_of(case, 2_000) for case in ("ticks", "standing still", "missing volume"))
        assert (ticks.close == ticks.open).mean() > 0.2
        assert (np.diff(still.close) == 0.0).sum() > 900
        assert (idle.volume == 0.0).mean() > 0.3

    def test_series_side_by_side_give_what_one_after_the_other_gives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(warmup_search, "cases", lambda: ("MSFT", "IBM"))
        done: list[str] = []
        names = ["rsi_7", "return_5"]
        assert search(names, 2, done.append) == search(names, 1)
        assert done == ["MSFT", "IBM"]


class TestWhatOneSeriesShows:
    starts = np.array([10, 100, 200])

    def wrong(self, contexts: int, rows: int = 1_000) -> np.ndarray:
        """Every start is wrong for its first contexts and right after them."""
        return np.arange(rows) - self.starts[:, None] < contexts

    def test_the_longest_start_counts(self) -> None:
        wrong = self.wrong(30)
        wrong[1, :150] = True
        assert memory_shown(wrong, self.starts, lookback=0) == Memory(50, "", 0, 960 + 850 + 770)

    def test_a_late_difference_where_a_shorter_context_is_right_is_stray(self) -> None:
        wrong = self.wrong(30)
        wrong[0, 600] = True  # 590 bars of context; the start at 400 fewer is right there
        starts = np.append(self.starts, 400)
        shown = memory_shown(np.vstack([wrong, np.arange(1_000) - 400 < 30]), starts, lookback=0)
        assert (shown.found, shown.stray) == (30, 1)

    def test_a_late_difference_that_every_shorter_context_shares_is_memory(self) -> None:
        wrong = self.wrong(30)
        wrong[:, 600] = True
        assert memory_shown(wrong, self.starts, lookback=0).found == 600 - 10 + 1

    def test_a_context_shorter_than_the_look_back_is_never_enough(self) -> None:
        assert memory_shown(self.wrong(0), self.starts, lookback=25).found == 25

    def test_a_start_with_too_few_bars_behind_it_proves_nothing(self) -> None:
        assert memory_shown(self.wrong(900, rows=1_300), self.starts, lookback=0).found == 900
        assert memory_shown(self.wrong(900, rows=1_130), self.starts, lookback=0).found is None

    def test_findings_of_several_series_are_the_longest_of_them(self) -> None:
        parts = [Memory(3, "a", 1, 10), Memory(None, "b", 0, 0), Memory(7, "c", 0, 20)]
        assert longest(parts) == Memory(7, "c", 1, 30)
        assert longest(parts[1:2]).found is None


class TestMargin:
    def test_what_is_declared_is_a_floor(self) -> None:
        run = declared_features()["run_length"]
        assert with_margin(run, 5) == run.warmup == 20

    def test_a_finite_window_has_no_margin(self) -> None:
        assert with_margin(declared_features()["return_5"], 5) == 5

    def test_infinite_memory_gets_a_quarter_of_what_exceeds_the_look_back(self) -> None:
        bare = replace(declared_features()["ema_distance_20"], warmup=19)
        assert with_margin(bare, 232) == 232 + 54


def as_given(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names)


def cumulative_mean(context: Context) -> np.ndarray:
    return np.cumsum(context.close) / np.arange(1, len(context.close) + 1) / context.close


def test_a_memory_that_never_ends_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    described = feature("example", "endless", "Mean close of all history.", formula="mean(close) / close")
    (endless,) = described_features(described(cumulative_mean))
    for module in (engine, warmup_search):
        monkeypatch.setattr(module, "resolve", as_given)
    monkeypatch.setattr(engine, "catalogue", lambda: {"endless": endless})
    monkeypatch.setattr(warmup_search, "declared_features", lambda: {"endless": endless})
    found = search_bars(["endless"], bars_of("calm walk", 800), starts=4)
    assert found["endless"].found is None
    with pytest.raises(FeatureError, match="no context was enough for endless"):
        refuse_unsettled(found)


def test_numbers_that_rounding_decides_are_refused_by_name() -> None:
    with pytest.raises(FeatureError, match="rounding decides some numbers of jittery, whatever the context"):
        refuse_unsettled({"jittery": Memory(2_659, "ticks", 74, 10**6), "fine": Memory(5, "AAPL", 0, 10**6)})
    refuse_unsettled({"fine": Memory(5, "AAPL", 0, 10**6)})


class TestCommand:
    @pytest.fixture
    def command(self, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
        """The command, on one short series."""
        for module in (warmup_search, warmup_cases):
            monkeypatch.setattr(module, "cases", lambda: ("ticks",))
        monkeypatch.setattr(warmup_search, "bars_of", lambda case: bars_of(case, 1_200))
        app = typer.Typer()
        app.command()(warmup)
        return app

    def test_it_prints_what_was_found_and_writes_only_when_told(self, command: typer.Typer, warmups_file: Path) -> None:
        asked = ["--set", "candlesticks", "--processes", "1", "--json"]
        answer = CliRunner().invoke(command, asked)
        assert answer.exit_code == 0, answer.output
        rows = {row["name"]: row for row in json.loads(answer.stdout)["features"]}
        assert set(rows) == set(feature_sets()["candlesticks"])
        assert rows["hammer"] == {
            "name": "hammer", "lookback": 11, "declared": 11, "found": 11, "warmup": 11, "on": "ticks", "stray": 0,
        }  # fmt: skip
        assert rows["run_length"]["found"] < rows["run_length"]["warmup"] == 20
        assert not warmups_file.exists()
        assert CliRunner().invoke(command, [*asked, "--write"]).exit_code == 0
        assert set(json.loads(warmups_file.read_text())) == set(rows)

    def test_the_table_tells_what_differs_from_what_is_declared(self, command: typer.Typer, warmups_file: Path) -> None:
        answer = CliRunner().invoke(command, ["--set", "candlesticks", "--processes", "1"])
        assert "run_length" in answer.stdout and "hammer" not in answer.stdout
        assert "features need what their function declares and no more" in answer.stdout
        assert "nothing written; --write stores the numbers" in answer.stdout


class TestStored:
    def test_the_catalogue_says_the_stored_number(self, warmups_file: Path) -> None:
        assert catalogue()["rsi_14"].warmup == declared_features()["rsi_14"].warmup
        store_found({"rsi_14": Memory(565, "standing still", 0, 1)})
        catalogue_module._all_features.cache_clear()
        assert catalogue()["rsi_14"].warmup == 565 + 138
        assert complaint(declared_features()["rsi_14"]) == ""

    @pytest.mark.parametrize(
        "change",
        [{"version": 99}, {"formula": "another"}, {"lookback": 3}, {"warmup": 400}, {"parameters": (("n", 1),)}],
    )
    def test_a_changed_feature_is_another_one(self, warmups_file: Path, change: dict[str, object]) -> None:
        honest = declared_features()["rsi_14"]
        store_found({"rsi_14": Memory(565, "", 0, 1)})
        changed = replace(honest, **change)  # type: ignore[arg-type]
        assert warmup_of(honest) == 703
        assert warmup_of(changed) == changed.warmup
        assert "'rsi_14' has changed since its warm-up was searched for" in complaint(changed)

    def test_a_feature_without_a_number_is_complained_about(self, warmups_file: Path) -> None:
        assert "'rsi_14' has no stored warm-up" in complaint(declared_features()["rsi_14"])

    def test_numbers_of_other_features_stay_and_those_of_gone_ones_leave(self, warmups_file: Path) -> None:
        old = StoredWarmup(1, 1, "x")
        stored_warmups.write_warmups({"gone": old, "return_1": old, "rsi_14": old})
        jittery = Memory(2_659, "ticks", 74, 10**6)
        found = {"rsi_14": Memory(565, "", 0, 1), "macd": Memory(None, "", 0, 0), "roll_spread_20": jittery}
        store_found(found)
        stored = json.loads(warmups_file.read_text())
        assert set(stored) == {"return_1", "rsi_14"}
        assert stored["rsi_14"] == {
            "found": 565, "warmup": 703, "identity": identity_of(declared_features()["rsi_14"]),
        }  # fmt: skip

    @pytest.mark.parametrize("content", ["{", "[]", '{"rsi_14": {"found": 1}}', '{"rsi_14": 3}'])
    def test_a_damaged_file_is_one_sentence(self, warmups_file: Path, content: str) -> None:
        warmups_file.write_text(content)
        with pytest.raises(FeatureError, match="is damaged"):
            warmup_of(declared_features()["rsi_14"])
