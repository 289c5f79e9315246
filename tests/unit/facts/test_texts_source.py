"""Reading files of texts: columns, times, labels, repeats, and what is said when a file is wrong."""

from __future__ import annotations

import gzip
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trimtab.errors import ConfigurationError, SchemaError, SourceError, UnknownNameError
from trimtab.facts.sources import TEXT_FORMATS
from trimtab.facts.sources.texts import CHANNELS, read_text_file, read_texts

CSV = """symbol,ts,text
AAA,2024-01-02T14:30:00Z,to the moon 🚀
BBB,2024-01-02T15:00:00+01:00,bag holders everywhere
AAA,2024-01-01T09:00:00Z,"two lines,
one post"
"""


def _file(tmp_path: Path, content: str, name: str = "texts.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def _parquet(tmp_path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), tmp_path / "texts.parquet")
    return tmp_path / "texts.parquet"


def test_the_formats_are_those_the_sources_promise() -> None:
    assert tuple(CHANNELS) == TEXT_FORMATS


def test_posts_are_read_scored_and_embedded_by_instrument_in_the_order_of_their_times(tmp_path: Path) -> None:
    texts = read_texts("posts", _file(tmp_path, CSV))
    assert list(texts) == ["AAA", "BBB"]
    first = texts["AAA"]
    assert first.text.tolist() == ["two lines,\none post", "to the moon 🚀"]
    assert first.score[1] > 0.5 > texts["BBB"].score[0] + 0.5
    assert first.embedding.shape == (2, 8)
    assert set(first.channel) == {"social"}
    assert first.scorer[0].startswith("vader-")
    assert texts["BBB"].event_time.tolist() == [datetime(2024, 1, 2, 14)]
    assert (first.known_time == first.event_time).all()


def test_headlines_are_news_and_their_title_is_the_text(tmp_path: Path) -> None:
    path = _file(tmp_path, "Ticker,Published_At,Title,site\nAAA,2024-01-02T14:30:00Z,Acme cuts guidance,example.org\n")
    file = read_text_file("headlines", path)
    assert file.columns == {"instrument_id": "Ticker", "time": "Published_At", "text": "Title"}
    assert file.texts["AAA"].channel.tolist() == ["news"]
    assert file.texts["AAA"].score[0] < -0.3


def test_a_zipped_file_is_read_and_a_slash_in_an_instrument_becomes_a_hyphen(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv.gz"
    path.write_bytes(gzip.compress(CSV.replace("AAA", "BTC/USDT").encode()))
    assert list(read_texts("posts", path)) == ["BBB", "BTC-USDT"]


def test_only_the_instruments_asked_for_are_read_and_a_silent_one_is_absent(tmp_path: Path) -> None:
    path = _file(tmp_path, CSV)
    file = read_text_file("posts", path, instruments=["BBB", "ZZZ"], missing="skip")
    assert list(file.texts) == ["BBB"]
    assert file.n_rows == 1
    assert read_texts("posts", path, instruments=["ZZZ"], missing="skip") == {}
    with pytest.raises(UnknownNameError, match="unknown instrument 'ZZZ'; allowed: AAA, BBB"):
        read_texts("posts", path, instruments=["BBB", "ZZZ"])
    with pytest.raises(UnknownNameError, match="unknown text scorer"):
        read_texts("posts", path, instruments=["ZZZ"], scorer="vadre", missing="skip")


def test_an_instrument_with_a_slash_may_be_asked_for_as_the_file_writes_it(tmp_path: Path) -> None:
    path = _file(tmp_path, CSV.replace("AAA", "BTC/USDT"))
    for name in ("BTC/USDT", "BTC-USDT"):
        assert list(read_texts("posts", path, instruments=[name])) == ["BTC-USDT"]


def test_the_channel_and_a_delay_can_be_told(tmp_path: Path) -> None:
    texts = read_texts("posts", _file(tmp_path, CSV), channel="news", delay=timedelta(minutes=5))["AAA"]
    assert set(texts.channel) == {"news"}
    assert ((texts.known_time - texts.event_time) == np.timedelta64(300_000_000, "us")).all()


@pytest.mark.parametrize("channel", ["forum", "", "News", " social"])
def test_a_channel_that_no_feature_listens_to_is_refused(tmp_path: Path, channel: str) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown channel .* allowed: news, social"):
        read_texts("posts", _file(tmp_path, CSV), channel=channel)


def test_none_scores_and_embeds_nothing(tmp_path: Path) -> None:
    texts = read_texts("posts", _file(tmp_path, CSV), scorer="none", embedder="none")["AAA"]
    assert np.isnan(texts.score).all() and np.isnan(texts.confidence).all()
    assert texts.embedding.shape == (2, 0)
    assert set(texts.scorer) == {"none"}


def test_the_same_text_of_the_same_time_is_read_once_and_a_blank_one_not_at_all(tmp_path: Path) -> None:
    more = "AAA,2024-01-02T14:30:00Z,to the moon 🚀\nAAA,2024-01-02T14:31:00Z,to the moon 🚀\nAAA,2024-01-02T14:32:00Z,  \n"
    file = read_text_file("posts", _file(tmp_path, CSV + more))
    assert (file.n_rows, file.n_blank, file.n_repeated) == (6, 1, 1)
    assert len(file.texts["AAA"]) == 3


def test_what_an_author_says_of_himself_is_the_score(tmp_path: Path) -> None:
    content = (
        "symbol,ts,text,label\nAAA,2024-01-02T14:30:00Z,this will crash,Bullish\nAAA,2024-01-02T14:31:00Z,up up,bearish\n"
        "AAA,2024-01-02T14:32:00Z,so so,neutral\nAAA,2024-01-02T14:33:00Z,this will crash,\n"
    )
    texts = read_texts("scored_posts", _file(tmp_path, content))["AAA"]
    assert texts.score[:3].tolist() == [1.0, -1.0, 0.0]
    assert texts.score[3] < 0.0
    assert texts.scorer[:3].tolist() == ["author"] * 3
    assert texts.scorer[3].startswith("vader-")
    assert texts.confidence[:3].tolist() == [1.0, 1.0, 1.0]


def test_a_label_stays_with_its_post_whichever_instruments_are_asked_for(tmp_path: Path) -> None:
    content = "symbol,ts,text,label\nAAA,2024-01-02T14:30:00Z,a,bullish\nBBB,2024-01-02T14:31:00Z,b,bearish\n"
    path = _file(tmp_path, content)
    assert read_texts("scored_posts", path, ["BBB"])["BBB"].score.tolist() == [-1.0]
    assert read_texts("scored_posts", path)["BBB"].score.tolist() == [-1.0]


def test_posts_leave_a_label_alone(tmp_path: Path) -> None:
    content = "symbol,ts,text,label\nAAA,2024-01-02T14:30:00Z,this will crash,who knows\n"
    assert read_texts("posts", _file(tmp_path, content))["AAA"].score[0] < 0.0


DAYS = {
    "dates as text": ["2024-01-02", "2024-01-03"],
    "midnights in UTC": ["2024-01-02T00:00:00Z", "2024-01-03T00:00:00.000Z"],
    "midnights elsewhere": ["2024-01-02T00:00:00-05:00", "2024-01-03T00:00-05:00"],
    "dates": [date(2024, 1, 2), date(2024, 1, 3)],
    "timestamps without a zone": [datetime(2024, 1, 2), datetime(2024, 1, 3)],
}


@pytest.mark.parametrize("times", DAYS.values(), ids=DAYS)
def test_a_text_of_which_only_the_day_is_told_is_known_when_the_day_is_over(tmp_path: Path, times: list[Any]) -> None:
    file = read_text_file("posts", _parquet(tmp_path, symbol=["AAA"] * 2, date=times, text=["a", "b"]))
    assert file.by_day
    texts = file.texts["AAA"]
    assert (texts.known_time - texts.event_time == np.timedelta64(1, "D")).all()
    assert texts.event_time.astype("datetime64[D]").tolist() == [date(2024, 1, 2), date(2024, 1, 3)]
    delayed = read_texts("posts", tmp_path / "texts.parquet", delay=timedelta(hours=5))["AAA"]
    assert (delayed.known_time - delayed.event_time == np.timedelta64(29, "h")).all()


def test_timestamps_that_are_midnight_in_their_zone_are_days(tmp_path: Path) -> None:
    column = pa.array([datetime(2024, 7, 2, 4), datetime(2024, 1, 3, 5)], pa.timestamp("ms", "America/New_York"))
    file = read_text_file("posts", _parquet(tmp_path, symbol=["AAA"] * 2, ts=column, text=["a", "b"]))
    assert file.by_day


def test_a_precision_of_day_is_believed_row_by_row(tmp_path: Path) -> None:
    noon = datetime(2024, 1, 2, 12, tzinfo=timezone.utc)  # noqa: UP017
    path = _parquet(tmp_path, symbol=["AAA"] * 2, ts=[noon, noon], ts_precision=["day", "second"], text=["a", "b"])
    texts = read_texts("posts", path)["AAA"]
    assert texts.known_time.tolist() == [datetime(2024, 1, 3), datetime(2024, 1, 2, 12)]


def test_whether_a_file_tells_days_does_not_hang_on_what_is_asked_of_it(tmp_path: Path) -> None:
    content = "symbol,ts,text\nAAA,2024-01-02T00:00:00Z,a\nBBB,2024-01-02T15:00:00Z,b\n"
    texts = read_texts("posts", _file(tmp_path, content), instruments=["AAA"])["AAA"]
    assert (texts.known_time == texts.event_time).all()


@pytest.mark.parametrize("name", ["texts.csv", "texts.parquet"])
def test_seconds_since_1970_are_moments(tmp_path: Path, name: str) -> None:
    if name.endswith(".csv"):
        path = _file(tmp_path, "symbol,ts,text\nAAA,1704205800,a\n")
    else:
        path = _parquet(tmp_path, symbol=["AAA"], ts=[1704205800], text=["a"])
    assert read_texts("posts", path)["AAA"].event_time.tolist() == [datetime(2024, 1, 2, 14, 30)]


WRONG = {
    "no text column": ("symbol,ts\nAAA,2024-01-02T14:30:00Z\n", "no column for the text of posts; one of text, title"),
    "no instrument column": ("ts,text\n2024-01-02T14:30:00Z,a\n", "no column for the instrument of posts"),
    "no zone": ("symbol,ts,text\nAAA,2024-01-02T14:30:00,a\n", "has a time of day and no zone; write 2020-01-31T14"),
    "some without zone": (
        "symbol,ts,text\nAAA,2024-01-02T14:30:00Z,a\nAAA,2024-01-02T14:30:00,a\n",
        "holds '2024-01-02T14:30:00' without a zone beside",
    ),
    "no time": ("symbol,ts,text\nAAA,,a\nAAA,2024-01-02T14:30:00Z,a\n", "column 'ts' has no time in 1 rows"),
    "nonsense time": ("symbol,ts,text\nAAA,yesterday,a\n", "column 'ts' holds something that is no time"),
    "milliseconds": ("symbol,ts,text\nAAA,170420580,a\nAAA,999,b\n", "is no time"),
    "no instrument": ("symbol,ts,text\n,2024-01-02T14:30:00Z,a\n", "1 rows have no symbol"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_answered_with_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(SchemaError) as refused:
        read_texts("posts", _file(tmp_path, content))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_that_are_no_seconds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no seconds between 1973 and 2103"):
        read_texts("posts", _parquet(tmp_path, symbol=["AAA"], ts=[1704205800000], text=["a"]))


def test_a_label_nobody_knows_is_refused(tmp_path: Path) -> None:
    content = "symbol,ts,text,label\nAAA,2024-01-02T14:30:00Z,a,hodl\n"
    with pytest.raises(SchemaError, match="unknown label 'hodl'; allowed are bullish, bearish"):
        read_texts("scored_posts", _file(tmp_path, content))
    with pytest.raises(SchemaError, match="no column for the label of scored_posts"):
        read_texts("scored_posts", _file(tmp_path, CSV))


def test_a_file_that_cannot_be_read_is_answered_in_one_sentence(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "absent.csv", "there is no file"),
        (tmp_path, "is a folder; give one file"),
        (_file(tmp_path, "x", "notes.txt"), "notes.txt is no file of texts"),
        (_file(tmp_path, "no parquet", "texts.parquet"), "cannot be read as Parquet"),
        (_file(tmp_path, "", "empty.csv"), "is empty"),
        (_file(tmp_path, "symbol,ts,text\n", "rowless.csv"), "holds no rows"),
        (_file(tmp_path, "symbol,ts,text\nAAA,2024-01-02T14:30:00Z\n", "ragged.csv"), "cannot be read as CSV"),
    ):
        with pytest.raises(SourceError, match=message):
            read_texts("posts", path)


def test_names_that_do_not_exist_are_answered_with_those_that_do(tmp_path: Path) -> None:
    path = _file(tmp_path, CSV)
    with pytest.raises(UnknownNameError, match="unknown format of texts 'post'; did you mean 'posts'"):
        read_texts("post", path)
    with pytest.raises(UnknownNameError, match="unknown text scorer 'finbert'"):
        read_texts("posts", path, scorer="finbert")
    with pytest.raises(UnknownNameError, match="unknown text embedder 'bert'"):
        read_texts("posts", path, embedder="bert")
    with pytest.raises(ConfigurationError, match="delay"):
        read_texts("posts", path, delay=timedelta(minutes=-1))


def test_real_posts_of_a_day_are_known_only_after_it(shared_data: Path) -> None:
    file = read_text_file("scored_posts", shared_data / "sentiment.parquet", instruments=["TSLA"], embedder="none")
    texts = file.texts["TSLA"]
    assert file.by_day and len(texts) > 100
    assert (texts.known_time - texts.event_time == np.timedelta64(1, "D")).all()
    assert set(np.unique(texts.score)) == {-1.0, 1.0}


def test_real_headlines_keep_their_moments(shared_data: Path) -> None:
    file = read_text_file("headlines", shared_data / "news.parquet", instruments=["ACN"])
    assert not file.by_day
    assert 300 < len(file.texts["ACN"]) == file.n_rows - file.n_repeated
    assert file.texts["ACN"].score.std() > 0.1
