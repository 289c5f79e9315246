"""What scores, embeddings and moods of texts are worth: `python -m benchmarks.sentiment --write`.

Labelled posts that the words of the market were not chosen on, headlines, and tweets beside the returns of their
instruments, always through the code that runs in production. Seeded; needs the optional market data; a minute.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.tables import table
from trimtab.bars.files import read_bar_file
from trimtab.facts import moods
from trimtab.facts.embedding import DIMENSION, HashedEmbedder, _words_and_pairs
from trimtab.facts.market_words import MARKET_WORDS
from trimtab.facts.scoring import VaderScorer, scorer_named
from trimtab.facts.sources.texts import read_text_file
from trimtab.features.catalogue import Feature, catalogue, feature_sets
from trimtab.features.engine import compute
from trimtab.features.stated_options import STALE
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series, Timeframe
from trimtab.metrics.classification import balanced_accuracy, roc_auc
from trimtab.metrics.forecast import by_time, rank_information_coefficient

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "sentiment.md"
SEED = 11
DRAWS = 1_000
IN_VIEW = (
    "mood_social_1", "mood_social_5", "mood_social_20", "sure_mood_social", "bullish_share_social_7",
    "bullishness_social", "mood_momentum_social_1_5", "mood_surprise_social", "text_count_social_1", "buzz_social",
    "mood_dispersion_social_7", "mood_against_price_social",
)  # fmt: skip


@dataclass(frozen=True)
class Posts:
    """Labelled posts: texts, and 1.0 where the author was bullish, 0.0 where bearish."""

    text: list[str]
    bullish: np.ndarray


@dataclass(frozen=True)
class Skill:
    """How well scores tell bulls from bears; `coverage` is the share of posts with a score other than 0."""

    coverage: float
    auc: float
    balanced: float
    auc_error: float


def labelled(folder: Path, split: str) -> Posts:
    """The training part (`train`) or the part kept aside (`val`) of the labelled posts."""
    frame = pd.read_parquet(folder / "sentiment.parquet")
    frame = frame[frame["split"] == split]
    return Posts(frame["text"].tolist(), (frame["label"] == "bullish").to_numpy(np.float64))


def skill(posts: Posts, score: np.ndarray) -> Skill:
    """Skill of scores; a score of 0 takes no side, so it counts as half right."""
    taken = np.where(score == 0.0, np.nan, (score > 0.0).astype(np.float64))
    sides = [balanced_accuracy(posts.bullish, np.where(np.isnan(taken), side, taken)) for side in (0.0, 1.0)]
    rng, n = np.random.default_rng(SEED), len(score)
    draws = (rng.integers(0, n, n) for _ in range(DRAWS))
    spread = np.std([roc_auc(posts.bullish[rows], score[rows]) for rows in draws])
    return Skill(float(np.mean(score != 0.0)), roc_auc(posts.bullish, score), float(np.mean(sides)), float(spread))


def learnt(train: Posts, posts: Posts) -> np.ndarray:
    """Log odds of a logistic regression on words and pairs, learnt from the training part: what could be had."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, token_pattern=r"[^\s]+")
    model = make_pipeline(words, LogisticRegression(max_iter=2_000)).fit(train.text, train.bullish)
    return np.asarray(model.decision_function(posts.text))


def without(part: str) -> VaderScorer:
    """The scorer without the `words`, `phrases` or `emojis` of the market: it reads those as VADER does."""
    return VaderScorer(replace(MARKET_WORDS, **{part: {}}))


def scoring_section(folder: Path) -> str:
    """Skill on the part kept aside and on the part the words were chosen on."""
    train, kept_aside = labelled(folder, "train"), labelled(folder, "val")
    rows = []
    for name, score in _scorers(train):
        cells = [name]
        for posts in (kept_aside, train):
            found = skill(posts, score(posts))
            cells += [f"{found.coverage:.0%}", f"{found.auc:.3f} ± {found.auc_error:.3f}", f"{found.balanced:.3f}"]
        rows.append(cells)
    header = ["scorer", "coverage", "AUC", "balanced accuracy", "coverage (train)", "AUC (train)", "balanced (train)"]
    return table(header, rows)


def _scorers(train: Posts) -> Iterator[tuple[str, Callable[[Posts], np.ndarray]]]:
    for name in ("vader-plain", "vader"):
        yield f"`{name}`", lambda posts, name=name: scorer_named(name).score(posts.text)[0]
    for part in ("words", "phrases", "emojis"):
        yield f"`vader` without our {part}", lambda posts, part=part: without(part).score(posts.text)[0]
    yield "learnt from the training posts", lambda posts: learnt(train, posts)


def features_section() -> str:
    """One row per kind of feature: its names in short, and what the first of them says."""
    kinds: dict[object, list[Feature]] = {}
    for feature in catalogue().values():
        if feature.family == "sentiment":
            kinds.setdefault(feature.computation, []).append(feature)
    rows = [[_in_short([each.name for each in kind]), kind[0].description] for kind in kinds.values()]
    return table(["features", "the first of them"], rows)


def _in_short(names: list[str]) -> str:
    return f"`{names[0]}`" + (f" … `{names[-1]}` ({len(names)})" if len(names) > 1 else "")


def confidence_section(folder: Path) -> str:
    """How often the side of a score is right, by confidence, on the posts kept aside."""
    posts = labelled(folder, "val")
    score, confidence = scorer_named("vader").score(posts.text)
    right = (score > 0.0) == (posts.bullish > 0.5)
    rows = []
    for low, high in ((0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)):
        inside = (confidence > low) & (confidence <= high)
        rows.append([f"{low:g} to {high:g}", f"{int(inside.sum())}", f"{right[inside].mean():.0%}"])
    return table(["confidence", "posts", "side right"], rows)


def embedding_section(folder: Path, n: int = 1_500) -> str:
    """How well the cosine of two points tells the share of words that two headlines have in common."""
    titles = pd.read_parquet(folder / "news.parquet")["title"].sample(n, random_state=SEED).tolist()
    bags = [set(_words_and_pairs(title)) for title in titles]
    vocabulary = {word: k for k, word in enumerate(sorted(set().union(*bags)))}
    matrix = np.zeros((n, len(vocabulary)), np.float32)
    for row, bag in enumerate(bags):
        matrix[row, [vocabulary[word] for word in bag]] = 1.0 / np.sqrt(max(len(bag), 1))
    above = np.triu_indices(n, 1)
    truth = (matrix @ matrix.T)[above]
    rows = []
    for dimension in (DIMENSION, 64, 512):
        points = HashedEmbedder(dimension).embed(titles)
        cosine = (points @ points.T)[above]
        alike = truth >= 0.2
        auc = roc_auc(alike.astype(np.float64), cosine.astype(np.float64))
        rows.append(
            [
                f"{dimension}",
                f"{np.sqrt(np.mean((cosine - truth) ** 2)):.3f}",
                f"{1 / np.sqrt(dimension):.3f}",
                f"{auc:.3f}",
            ]
        )
    return table(["dimensions", "error of the cosine (rms)", "1 / sqrt(dimensions)", "AUC: kindred pair or not"], rows)


def returns_section(folder: Path) -> tuple[str, int, int]:
    """Rank correlation across instruments of features with the return of their day and of the next, and the sizes."""
    bars = read_bar_file(folder / "equities_daily_stocknet.parquet").bars
    texts = read_text_file("posts", folder / "tweets.parquet", embedder="none").texts
    first, last = np.datetime64("2014-02-01", "us"), np.datetime64("2015-07-01", "us")
    frames = []
    for name in sorted(texts):
        series = bars.get(Series(name, Timeframe.DAY))
        if series is None:
            continue
        block = compute(series, IN_VIEW, surroundings=Surroundings(texts=texts[name]))
        adjusted = series.close * series.factor
        same = np.concatenate([[np.nan], np.diff(np.log(adjusted))])
        columns = {each: block.column(each) for each in IN_VIEW}
        frame = pd.DataFrame(columns | {"day": series.event_time, "same": same, "next": np.append(same[1:], np.nan)})
        frames.append(frame[(frame["day"] >= first) & (frame["day"] < last)])
    pooled = pd.concat(frames)
    rows = [[f"`{name}`", *(_coefficient(pooled, name, outcome) for outcome in ("same", "next"))] for name in IN_VIEW]
    header = ["feature", "return of the day", "return of the next day"]
    return table(header, rows), len(frames), int(pooled["day"].nunique())


def _coefficient(pooled: pd.DataFrame, name: str, outcome: str) -> str:
    known = pooled[[name, outcome, "day"]].dropna()
    days = known["day"].to_numpy().astype("datetime64[us]").astype(np.int64)
    found = by_time(rank_information_coefficient, known[name].to_numpy(), known[outcome].to_numpy(), days)
    found = found[~np.isnan(found)]
    return f"{found.mean():+.3f} (t = {found.mean() / (found.std(ddof=1) / np.sqrt(len(found))):+.1f})"


def speed_section(folder: Path) -> str:
    """Microseconds per text, and milliseconds of all sentiment features over the tweets of one instrument."""
    path = folder / "tweets.parquet"
    some = pd.read_parquet(path, columns=["text"])["text"].iloc[:10_000].tolist()
    scorer_named("vader").score(some[:10])
    rows = [
        [
            "scored with `vader`",
            f"{1e6 * _seconds(lambda: scorer_named('vader').score(some)) / len(some):.0f} µs per text",
        ],
        [
            "scored with `vader-plain`",
            f"{1e6 * _seconds(lambda: scorer_named('vader-plain').score(some)) / len(some):.0f} µs per text",
        ],
        [
            "embedded with `hashed`",
            f"{1e6 * _seconds(lambda: HashedEmbedder().embed(some)) / len(some):.0f} µs per text",
        ],
    ]
    texts = read_text_file("posts", path, ["AAPL"]).texts["AAPL"]
    bars = read_bar_file(folder / "equities_daily_stocknet.parquet").bars[Series("AAPL", Timeframe.DAY)]
    names = feature_sets()["sentiment"]
    compute(bars, names, surroundings=Surroundings(texts=texts))
    took = min(_seconds(lambda: compute(bars, names, surroundings=Surroundings(texts=texts))) for _ in range(5))
    what = f"{len(names)} features over {len(bars):,} daily bars and {len(texts):,} tweets"
    return table(["what", "took"], [*rows, [what, f"{1e3 * took:.0f} ms"]])


def _seconds(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def page(folder: Path) -> str:
    """The whole page as Markdown."""
    returns, n_instruments, n_days = returns_section(folder)
    return f"""# Sentiment

How posts and headlines become numbers, when those numbers are known, and what they are worth. Regenerate this page
with `python -m benchmarks.sentiment --write`; it needs the optional market data, is seeded, and takes a minute.

## From a file to a mood

```
trimtab facts ingest tweets.parquet --format posts --instrument AAPL
```

| format | columns (or their usual other names) | channel | score |
| --- | --- | --- | --- |
| `posts` | `symbol`, `ts`, `text` | `social` (retail) | by the scorer |
| `headlines` | `symbol`, `ts`, `title` | `news` (professional) | by the scorer |
| `scored_posts` | `symbol`, `ts`, `text`, `label` | `social` | the label: bullish 1, bearish -1, neutral 0, scorer `author`; by the scorer where there is none |

**When a text is known.** When it was published, later by `--delay`. A time must carry its zone. Where a file tells
days only (a column `ts_precision` that says `day`, dates, or nothing but midnights), a text is known at the end of its
day: before that nobody can say that it was there. The day is taken for one of UTC; where a file has days of New York, add
`--delay 5h`.

**One text, once.** A text is named by instrument, time, channel and words. Read again it is nothing new; scored again
it keeps its age and the score it was first known with, so a better scorer does not change the past. Under another
`--channel` (`news` or `social`) it is another text. `trimtab facts forget AAPL --texts` is the way to load anew.

**Absent is not neutral.** Without texts a mood is unknown (NaN), never 0. Counts are 0 where a channel is silent,
unless nobody has ever spoken of the instrument: then they are unknown, too. A mood is forgotten, unknown again, when
the newest text is {moods.FORGOTTEN} half-lives old.

**Ageing.** A decayed mean halves the weight of a text with every half-life since it became known. A history that
begins late is soon a full one: leaving out m texts that are older than A changes the mean by at most
2 m 2^(-A / half-life), over the weight of those that are left. Windows of days hold the texts that became known in
them; their means and variances are merged from blocks, never subtracted. `trimtab features show mood_all_5` has the
formula of a feature.

## The features

Three channels: `news`, `social`, and `all` of them. Days are those of the clock, not bars, so a mood needs no bars before
its row.

{features_section()}

Options are figures stated for a day (`trimtab facts ingest --format figures`, concepts `put_volume`, `call_volume`,
`put_open_interest`, `call_open_interest`, `implied_volatility`, `implied_skew`). What needs puts and calls looks at days
for which both were known. When the newest such day is over {STALE} days old, the features are unknown.

## Scoring

The scorer is VADER (Hutto & Gilbert 2014), a lexicon with rules for negation, emphasis and "but": offline, the same
everywhere, and small. Of the packages that have it, `vaderSentiment` is its authors' own. `nltk-vader-sentiment`
1.0.0 mends tokens and adds words, so its scores are other scores (7 % of 19,000 real texts), it took 1.7 times as long
on those, and it came out in 2026; `nltk` needs a download for its lexicon. What matters of its mends, typed apostrophes and emojis
with a variation selector, trimtab does before VADER reads a text.

VADER was made for feelings. Traders' words are other words, so trimtab has {len(MARKET_WORDS.words)} words,
{len(MARKET_WORDS.phrases)} phrases and {len(MARKET_WORDS.emojis)} emojis of its own on top
(`trimtab.facts.market_words`). They were chosen looking at the training part of 9,000 StockTwits posts whose authors
said whether they were bullish; below, the 1,000 posts kept aside come first. ± is one standard error (bootstrap,
{DRAWS:,} draws). A post without a side counts as half right in the balanced accuracy.

{scoring_section(folder)}

What to make of it:

- Plain VADER tells bulls from bears hardly better than a coin: joy and grief are not the question.
- The words help on posts they were not chosen on as on those they were: little of it is luck.
- The last row is a model that was trained on 8,000 such posts: a list of words by hand comes near it, without a fit.
- The posts kept aside are of the same year and site as the others (2020: a virus, rockets). Other years have other words. On
  headlines there are no labels to measure with.

The confidence of a score is its size times how far the words of the text agree:

{confidence_section(folder)}

## Embedding

`hashed` gives every word and pair of words a fixed random direction in {DIMENSION} dimensions; a text is their sum,
of length one. There is no model and no fit, so it cannot have seen the future. It is coarse: on pairs of 1,500 headlines,

{embedding_section(folder)}

where a pair is kindred when the cosine of its bags of words is at least 0.2. Averaged over a day's texts, as the
features `theme_*` are, the errors average out as well; a single text says little. `--embedder none` leaves it out.

A new embedder is a new history. Stored points stay as they were, and so do the features of all rows before the first
text of the new one; from that text on `theme_*` are means over points as long as the newest text's, for axes of two
spaces have nothing in common. Two embedders whose points are equally long cannot be told apart: their points would be
averaged together, so embed again under another instrument or in another lake. A text whose point is not known as a
whole says nothing of the subject; the others count without it.

## What the features say about returns

Rank correlation across {n_instruments} instruments with tweets (February 2014 to June 2015, {n_days} days), averaged over days. A row
is decided at 00:00 UTC after its day; the next day's return is from that close to the next one.

{returns}

By themselves these tweets say next to nothing, even of the day they were written on: most are tips, links and jokes, and
the scorer was not made for their year. Of {2 * len(IN_VIEW)} numbers one with |t| above 2 is to be expected by chance. `mood_against_price_social`
holds the sign of the last 20 returns, the day's own among them. They are inputs for a model, not signals.

## Speed

Processor time of one run on one core of a shared machine; what counts is the order of magnitude.

{speed_section(folder)}
"""


def data_folder() -> Path:
    """Where the optional market data is looked for."""
    return Path(os.environ.get("TRIMTAB_TEST_DATA", ROOT.parent / "shared" / "data"))


def main() -> None:
    """Measure, print the page, and write it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sentiment", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} instead of printing it")
    arguments = parser.parse_args()
    folder = data_folder()
    if not (folder / "tweets.parquet").is_file():
        sys.exit(f"needs the optional market data, which is not at {folder} (set TRIMTAB_TEST_DATA)")
    text = page(folder)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
