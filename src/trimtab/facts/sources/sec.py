"""The SEC's company facts: every figure a company has filed in XBRL, with the date it was filed.

The SEC publishes them as JSON per company (data.sec.gov/api/xbrl/companyfacts); a table with the columns of
its entries (symbol, taxonomy, tag, unit, start, end, val, accn, filed, as CSV or Parquet) is read too.

When a figure was known: the filing date says the day, not the hour. EDGAR dates a filing with the day
when it accepts it by 17:30 in New York, 22:30 UTC at the latest, so a figure is known from 00:00 UTC of the day after.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.errors import SourceError
from trimtab.facts.concepts import FLOWS
from trimtab.facts.schema import Figures
from trimtab.facts.sources.files import in_short, require_file
from trimtab.facts.sources.protocol import (
    DAY,
    ReadOptions,
    as_delay,
    chosen_instruments,
    days,
    over,
    read_table,
    require_columns,
    the_one_instrument,
)
from trimtab.facts.sources.tags import TAGS, Rule

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("symbol", "tag", "unit", "start", "end", "val", "accn", "filed")
_FILING = ["start", "end", "accn", "filed"]  # what the tags of one figure share
_PERIOD = ["concept", "start", "end"]


def read(path: Path, options: ReadOptions) -> dict[str, Figures]:
    """Figures of every company in a file of company facts, JSON or table."""
    facts = _from_json(path, options) if path.suffix.lower() == ".json" else read_table(path)
    require_columns(facts, COLUMNS, path)
    wanted = {tag for rules in TAGS.values() for rule in rules for tag in rule}
    facts = facts[facts["tag"].isin(wanted)].assign(
        start=lambda f: days(f["start"], "start", path),
        end=lambda f: days(f["end"], "end", path),
        filed=lambda f: days(f["filed"], "filed", path),
    )
    found = chosen_instruments(facts["symbol"].unique(), options.instruments or None, path, options.missing)
    delay = DAY + as_delay(options.delay)
    return {name: _figures(name, facts[facts["symbol"] == name], delay) for name in found}


def _figures(instrument: str, facts: pd.DataFrame, delay: np.timedelta64) -> Figures:
    kept = _first_statements(_best_tags(_of_concepts(_in_one_currency(facts))))
    known = kept["filed"].to_numpy().astype("datetime64[us]") + delay
    end = kept["end"].to_numpy().astype("datetime64[us]")
    figures = Figures.build(
        instrument,
        kept["concept"].tolist(),
        kept["start"].to_numpy(),
        end,
        kept["val"].to_numpy(np.float64),
        known,
        document=kept["accn"].astype(str).tolist(),
    )
    # Slips of filings: a cover page dated after the filing, a period that ends before it begins.
    return figures.take((known >= over(end)) & ~(figures.period_start > end))


def _in_one_currency(facts: pd.DataFrame) -> pd.DataFrame:
    """Share counts, and money in dollars; in the currency stated most where there are no dollars."""
    is_money = facts["unit"].str.fullmatch("[A-Z]{3}").fillna(False)
    currencies = facts.loc[is_money, "unit"].value_counts()
    currency = "USD" if "USD" in currencies.index or currencies.empty else currencies.index[0]
    is_share_count = facts["tag"].isin([tag for rule in TAGS["shares_outstanding"] for tag in rule])
    return facts[np.where(is_share_count, facts["unit"] == "shares", facts["unit"] == currency)]


def _of_concepts(facts: pd.DataFrame) -> pd.DataFrame:
    """One row per concept, rule, period and filing; `rank` 0 is the best rule of its concept."""
    import pandas as pd

    facts = facts.drop_duplicates(["tag", *_FILING], keep="last")  # entries repeat for each calendar frame
    rows = [
        _by_rule(facts, rule).assign(concept=concept, rank=rank)
        for concept, rules in TAGS.items()
        for rank, rule in enumerate(rules)
    ]
    stated = pd.concat([each for each in rows if len(each)] or rows[:1])
    # A flow without a beginning, or a level with one, is an error of its filing.
    return stated[stated["start"].notna() == stated["concept"].isin(list(FLOWS))]


def _by_rule(facts: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """The sum of the tags of a rule wherever one filing has all of them for one period."""
    import pandas as pd

    if len(rule) == 1:
        return facts.loc[facts["tag"] == rule[0], [*_FILING, "val"]]
    parts = [facts.loc[facts["tag"] == tag, [*_FILING, "val"]] for tag in rule]
    joined = pd.concat(parts).groupby(_FILING, dropna=False, as_index=False)["val"].agg(["sum", "size"])
    return joined[joined["size"] == len(rule)].rename(columns={"sum": "val"}).drop(columns="size")


def _best_tags(stated: pd.DataFrame) -> pd.DataFrame:
    """Of each filing the best rule; a worse one than an earlier filing used for the period says something else."""
    stated = stated.sort_values([*_PERIOD, "filed", "accn", "rank"], kind="stable")
    best_so_far = stated.groupby(_PERIOD, dropna=False, sort=False)["rank"].cummin()
    stated = stated[stated["rank"] == best_so_far]
    return stated.drop_duplicates([*_PERIOD, "filed"], keep="last")  # of two filings of a day, the later number


def _first_statements(stated: pd.DataFrame) -> pd.DataFrame:
    """Leave out share counts stated again: those are on the basis of later splits.

    Other figures stay though they only repeat: after a restatement the old value may come back.
    """
    is_later = stated.groupby(_PERIOD, dropna=False, sort=False).cumcount() > 0
    return stated[~((stated["concept"] == "shares_outstanding") & is_later)]


def _from_json(path: Path, options: ReadOptions) -> pd.DataFrame:
    import pandas as pd

    instrument = the_one_instrument(options.instruments, path)
    require_file(path)
    try:
        company: dict[str, Any] = json.loads(path.read_bytes())["facts"]
        rows = [
            {"start": None, **entry, "tag": tag, "unit": unit, "symbol": instrument}
            for taxonomy in ("us-gaap", "dei")
            for tag, described in company.get(taxonomy, {}).items()
            for unit, entries in described["units"].items()
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path} is not readable as the SEC's company facts ({type(error).__name__}: {in_short(error)}); download it again"
        ) from error
    return pd.DataFrame(rows, columns=[*COLUMNS])
