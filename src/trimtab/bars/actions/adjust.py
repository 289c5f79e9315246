"""From corporate actions to the factor that makes prices of different days comparable.

Before a split of r for one, prices count 1/r; before a dividend D, prices count 1 - D / C, with C the
raw close of the last bar before the ex-date, as if the dividend were reinvested at C - D. This is the
convention of Yahoo's adjusted close (Yahoo help, "What is the adjusted close?", which names the
Center for Research in Security Prices). Vendors that reinvest at the close P of the ex-date itself,
P / (P + D), differ by the price's move of that one day times the yield: 2e-4 for one of Apple's
dividends in the packaged sample. Factors are of the vintage of the last bar: what takes effect after
it has not happened yet.

A bar is of the share it closed in. That is the share of its `event_time`, but for a week that of its last
day: an action takes effect with the week that contains its ex-date, and C of a dividend is the close of
the week before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from trimtab.bars.actions.infer import infer_splits
from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.schema import Bars
from trimtab.errors import UnknownNameError
from trimtab.market import Timeframe

_TICK = np.timedelta64(1, "us")
Adjustment = Literal["raw", "split", "total_return"]


def parse_adjustment(text: str) -> Adjustment:
    """Read the name of a view; an unknown one raises `UnknownNameError` naming the allowed ones.

    >>> parse_adjustment("split")
    'split'
    """
    for name in get_args(Adjustment):
        if name == text:
            known: Adjustment = name
            return known
    raise UnknownNameError("adjustment", text, get_args(Adjustment))


def split_factor(bars: Bars, actions: Actions) -> np.ndarray:
    """Per bar, the product of 1/ratio over all splits after it, float64, shape of the bars.

    A week with a split in it is told in the shares of its end, as `resample` makes it: the split is not after it.
    Bars may come in any order; one without a time gets 1.
    """
    chosen = actions.kind == ActionKind.SPLIT
    return _product_after(bars, actions.ex_time[chosen], 1.0 / actions.value[chosen])


def dividend_factor(bars: Bars, actions: Actions) -> np.ndarray:
    """Per bar, the product of 1 - D / C over all dividends after it, float64, shape of the bars.

    C is the raw close of the last bar before the ex-date, in the shares of the day before it, so bars must
    be in order of time. Of weekly bars it is the close of the week before: the factor then differs from the
    daily one by the yield times the price's move since that close. A dividend without such a bar has
    nothing before it to rescale. One that is not smaller than C counts nothing: a price paid out as a whole
    would make everything before it worthless, and in practice it is in another unit or currency than the
    price (`unusable_dividends` names them).
    """
    chosen = actions.kind == ActionKind.DIVIDEND
    share = _share_paid_out(bars, actions)[chosen]
    return _product_after(bars, actions.ex_time[chosen], 1.0 - np.where(share < 1.0, share, 0.0))


def factor_of_actions(bars: Bars, actions: Actions) -> np.ndarray:
    """Per bar, what a raw price is multiplied with to be comparable with the last bar.

    Parameters
    ----------
    bars: of any timeframe, raw, in order of time.
    actions: of the same instrument; each (ex_time, kind) once, as a view of `ActionStore` is.

    A share at 100 pays 10 and is then split in two:

    >>> from trimtab.market import Series, Timeframe
    >>> days = np.arange("2020-01-06", "2020-01-10", dtype="datetime64[D]")
    >>> close = np.array([100.0, 100.0, 90.0, 45.0])
    >>> bars = Bars.build(Series("AAA", Timeframe.DAY), days, close, close, close, close, close)
    >>> actions = Actions.build("AAA", days[2:], np.array(["dividend", "split"]), np.array([10.0, 2.0]))
    >>> factor_of_actions(bars, actions).tolist()
    [0.45, 0.45, 0.5, 1.0]
    """
    return split_factor(bars, actions) * dividend_factor(bars, actions)


def with_actions(bars: Bars, actions: Actions) -> Bars:
    """Bars whose `factor` accounts for the actions too; prices stay raw until `Bars.adjusted`."""
    return bars if len(actions) == 0 else replace(bars, factor=bars.factor * factor_of_actions(bars, actions))


def adjust(bars: Bars, actions: Actions, how: Adjustment) -> Bars:
    """Bars with the `factor` of a view; `Bars.adjusted` then gives its prices.

    raw: 1, prices as they were traded. total_return: the source's own factor times splits and
    dividends. split: splits alone, those told as actions and those that can be read off the
    source's own factor (`infer_splits`); a source tells either, not both.
    """
    if how == "raw":
        return replace(bars, factor=np.ones(len(bars)))
    if how == "split":
        return replace(bars, factor=split_factor(bars, actions) * split_factor(bars, infer_splits(bars)))
    return with_actions(bars, actions)


def shares_held(actions: Actions, times: np.ndarray) -> np.ndarray:
    """Per time, what one share from before all splits has become by then, float64.

    >>> split = Actions.build("AAA", np.array(["2024-01-10"]), np.array(["split"]), np.array([4.0]))
    >>> shares_held(split, np.array(["2024-01-09", "2024-01-10"], "datetime64[us]")).tolist()
    [1.0, 4.0]
    """
    splits = actions.take(actions.kind == ActionKind.SPLIT)
    splits = splits.take(np.argsort(splits.ex_time, kind="stable"))
    held: np.ndarray = np.cumprod(np.r_[1.0, splits.value])[np.searchsorted(splits.ex_time, times, side="right")]
    return held


def closing_time(bars: Bars) -> np.ndarray:
    """Per bar, the time that tells which share it closed in, `datetime64[us]`: its own, of a week its last moment.

    Bars may come in any order; one without a time has none. An action is after a bar when its `ex_time` is
    after this.
    """
    if bars.series.timeframe is not Timeframe.WEEK:
        return bars.event_time
    begins = np.unique(bars.event_time[~np.isnat(bars.event_time)])
    following = np.searchsorted(begins, bars.event_time, side="right")
    end = bars.event_time + bars.series.timeframe.duration_us
    # A week that is dated by its first session may be followed by the next after six days.
    is_followed = following < len(begins)
    end[is_followed] = np.minimum(end[is_followed], begins[following[is_followed]])
    closing: np.ndarray = end - _TICK
    return closing


def unusable_dividends(bars: Bars, actions: Actions) -> np.ndarray:
    """Per action, whether it is a dividend not smaller than the close before it, bool."""
    unusable: np.ndarray = (actions.kind == ActionKind.DIVIDEND) & ~(_share_paid_out(bars, actions) < 1.0)
    return unusable


def _share_paid_out(bars: Bars, actions: Actions) -> np.ndarray:
    """Per action, were it a dividend, what it is of the last close before it; 0 where there is no bar before it."""
    closing = closing_time(bars)
    before = np.searchsorted(closing, actions.ex_time) - 1
    share = np.zeros(len(actions))
    known = before >= 0
    before, ex_time = before[known], actions.ex_time[known]
    # What is paid on a share after a split counts against a close from before it in new shares.
    close = bars.close[before] * shares_held(actions, closing[before]) / shares_held(actions, ex_time - _TICK)
    # Without a usable close the share is infinite, and so unusable.
    share[known] = np.divide(actions.value[known], close, out=np.full(len(close), np.inf), where=close > 0)
    return share


def _product_after(bars: Bars, ex_time: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Per bar, the product of the ratios of what took effect after it, up to the last bar."""
    closing = closing_time(bars)
    times = closing[~np.isnat(closing)]
    if len(times) == 0:
        return np.ones(len(bars))
    happened = ex_time <= times.max()
    order = np.argsort(ex_time[happened], kind="stable")
    ex_time, ratio = ex_time[happened][order], ratio[happened][order]
    after = np.append(np.cumprod(ratio[::-1])[::-1], 1.0)
    product: np.ndarray = after[np.searchsorted(ex_time, closing, side="right")]
    return product
