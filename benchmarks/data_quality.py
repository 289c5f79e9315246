"""What the checks on bars find and what they get wrong: `python -m benchmarks.data_quality --write`.

Real broken files with known truth, defects injected into real clean series, and real clean files,
always judged by the code that runs in production (`trimtab.bars.checks.judge`). Seeded; needs the
optional market data; two to three minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.quality_injection import Power, power, power_of_told
from benchmarks.quality_rates import (
    ALLOWED,
    CLEAN_FILES,
    DEFAULTS,
    LIMITS,
    SIGMA_LIMITS,
    CleanSeries,
    Rate,
    Sweep,
    chosen_on,
    clean_series,
    packaged_sample,
    rate_of,
    rates_by_file,
    rates_by_year,
    sweep,
)
from benchmarks.quality_truth import Recall, recall_of_everything
from benchmarks.tables import table
from trimtab.bars.checks import Verdict, judge
from trimtab.bars.checks.adjustments import implied_dividends
from trimtab.bars.files import read_bar_file

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data_quality.md"
SEED = 7
DRAWS = 3
_CHOSEN_AT = 0.0001  # share of bars one check may flag where a limit is chosen


def percent(share: float, digits: int = 4) -> str:
    """A share as a percentage, in enough digits to see a tenth of the allowed rate."""
    return f"{100 * share:.{digits}f} %"


def recall_section(recalls: list[Recall]) -> str:
    """Recall by kind over all files, then by file."""
    kinds = dict.fromkeys(recall.kind for recall in recalls)
    by_kind = []
    for kind in kinds:
        of_kind = [recall for recall in recalls if recall.kind == kind]
        n, found = sum(r.defects for r in of_kind), sum(r.found for r in of_kind)
        by_kind.append([kind, f"{len(of_kind)}", f"{n}", f"{found}", percent(found / n, 0)])
    by_file = [[f"`{r.file}`", r.kind, f"{r.defects}", f"{r.found}", f"{r.invented}"] for r in recalls]
    return (
        f"{table(['kind', 'files', 'defects', 'found', 'recall'], by_kind)}\n\n"
        f"{table(['file', 'kind', 'defects', 'found', 'invented'], by_file)}"
    )


def power_section(by_group: dict[str, list[Power]]) -> str:
    """Recall of injected defects, one column per group of series."""
    groups = list(by_group)
    rows = []
    for at, one in enumerate(by_group[groups[0]]):
        shares = [by_group[group][at].found / by_group[group][at].n for group in groups]
        rows.append([one.kind, f"`{one.checks}`".replace(" or ", "` or `"), *(percent(share, 0) for share in shares)])
    counts = [f"{group} ({by_group[group][0].n})" for group in groups]
    return table(["injected", "named by", *counts], rows)


def rates_section(rates: Iterable[Rate]) -> str:
    """Flagged and refused bars, one row per file."""
    rows = [
        [f"`{r.name}`", f"{r.bars:,}", f"{r.quarantined}", f"{r.flagged}", percent(r.share), said(r.findings)]
        for r in rates
    ]
    return table(["file", "bars", "quarantined", "flagged", "share", "findings by check"], rows)


def said(findings: Counter[str]) -> str:
    """Counts by check, the commonest first."""
    return ", ".join(f"{check} {n}" for check, n in findings.most_common()) or "none"


def rates_by_check(rates: list[Rate]) -> str:
    """The share of bars each check flags, one column per file; a gap is about absent bars."""
    checks = sorted({check for rate in rates for check in rate.findings})
    rows = [[f"`{check}`", *(percent(rate.findings[check] / rate.bars) for rate in rates)] for check in checks]
    return table(["check", *(f"`{rate.name}`" for rate in rates)], rows)


def vendor_section(folder: Path) -> str:
    """What is found in files whose dividends are right: the repaired ones and the controls."""
    rows = []
    for path in sorted((folder / "yfinance_repair").glob("*.csv")):
        if path.stem.endswith(("-fixed", "-no-bad-divs")):
            file = read_bar_file(path)
            for series, bars in file.bars.items():
                verdict = judge(bars, actions=file.actions[series])
                rate = rate_of(path.stem, [verdict])
                rows.append(
                    [f"`{path.stem}`", f"{rate.bars}", f"{rate.quarantined}", f"{rate.flagged}", said(rate.findings)]
                )
    return table(["file", "bars", "quarantined", "flagged", "findings by check"], rows)


def told_section(clean: list[CleanSeries]) -> tuple[int, int, str]:
    """Instruments and dividends whose told amounts are right, and what is said of them all the same."""
    payers = [(one, implied_dividends(one.bars)) for one in clean if one.file == "equities_daily"]
    before = Counter(f.check for one, _ in payers for f in one.judged().findings)
    after = Counter(
        f.check for one, told in payers for f in judge(one.bars, calendar=one.calendar, actions=told).findings
    )
    return len(payers), sum(len(told) for _, told in payers), said(after - before)


def limits_section(sweeps: list[Sweep]) -> str:
    """One row per limit: values tried, and findings of its check on all clean files."""
    rows = []
    for swept in sweeps:
        default = getattr(DEFAULTS, swept.limit)
        counts = [
            f"**{value:g}: {n}**" if value == default else f"{value:g}: {n}"
            for value, n in zip(swept.values, swept.findings.sum(axis=1), strict=True)
        ]
        rows.append([f"`{swept.limit}`", f"`{swept.check}`", _MEANINGS[swept.limit], ", ".join(counts)])
    return table(["limit", "check", "what it does", "value: findings on clean bars"], rows)


_MEANINGS = {
    "price_noise": "relative violation of high and low that is rounding",
    "stale_bars": "identical bars in a row",
    "window": "returns on either side that say what is usual",
    "spike_sigmas": "sigmas by which a bar leaves",
    "spike_return": "log return by which it leaves",
    "spike_reversal": "share of it that may remain at the next bar",
    "wick_sigmas": "sigmas by which a high or low is outside open and close",
    "wick_return": "log return by which it is",
    "split_sigmas": "sigmas of a jump by a usual split ratio",
    "split_volume_sigmas": "the same where volume changed to match",
    "split_tolerance": "log distance to the ratio",
    "stretch_bars": "longest stretch at another split level",
    "jump_sigmas": "sigmas of a jump nothing explains",
    "jump_return": "log return of it",
    "unit_tolerance": "log distance to 100 or 1/100",
    "unit_bars": "longest stretch in another unit at an end",
    "usual_zero_volume": "share of bars without volume that is usual",
    "thin_volume": "share of the median volume below which trading is thin",
    "adjustment_sigmas": "sigmas of the return a step of the factor makes",
    "adjustment_step": "smallest log step of the factor looked at",
}


def held_out_section(sweeps: list[Sweep], clean: list[CleanSeries]) -> str:
    """Limits chosen on one half of the instruments, and the rate on the other."""
    bars = np.array([len(one.bars) for one in clean])
    first = halves(clean)
    rows = []
    for swept in sweeps:
        if swept.limit in SIGMA_LIMITS:
            cells = []
            for chosen, other in ((first, ~first), (~first, first)):
                value = chosen_on(swept, chosen, bars, _CHOSEN_AT)
                found = swept.findings[swept.values.index(value)]
                cells += [f"{value:g}", percent(found[other].sum() / bars[other].sum())]
            rows.append([f"`{swept.limit}`", f"{getattr(DEFAULTS, swept.limit):g}", *cells])
    header = ["limit", "default", "chosen on half A", "rate on half B", "chosen on half B", "rate on half A"]
    return table(header, rows)


def halves(clean: list[CleanSeries]) -> np.ndarray:
    """Bool per series: its instrument is in half A, every other one by name; in every file the same."""
    names = sorted({one.bars.series.instrument_id for one in clean})
    in_first = set(names[::2])
    return np.array([one.bars.series.instrument_id in in_first for one in clean])


def halves_section(clean: list[CleanSeries], verdicts: list[Verdict]) -> str:
    """The rate of the defaults on each half."""
    first = halves(clean)
    rows = []
    for name in CLEAN_FILES:
        cells = []
        for half in (first, ~first):
            chosen = [v for one, v, is_in in zip(clean, verdicts, half, strict=True) if is_in and one.file == name]
            rate = rate_of(name, chosen)
            cells += [f"{rate.bars:,}", percent(rate.share)]
        rows.append([f"`{name}`", *cells])
    return table(["file", "bars of half A", "share flagged", "bars of half B", "share flagged"], rows)


def years_section(clean: list[CleanSeries], verdicts: list[Verdict]) -> str:
    """Daily equities and crypto by year."""
    rows = [[r.name, f"{r.bars:,}", f"{r.flagged}", percent(r.share)] for r in rates_by_year(clean, verdicts)]
    return table(["year", "bars", "flagged", "share"], rows)


KNOWN = {
    "JCI": ("2007-07-02", "spin-offs of Tyco, close and adjusted close"),
    "WY": ("2010-07-20", "special distribution, not adjusted for"),
    "EXPE": ("2011-12-21", "spin-off of TripAdvisor with a reverse split, half adjusted for"),
    "UA": ("2016-03-23", "class C grafted on the history of class A"),
    "MO": ("2008-03-31", "spin-off of Philip Morris, in the adjusted close only"),
    "DHR": ("2016-07-05", "spin-off of Fortive, over-adjusted"),
}


def double_counted(clean: list[CleanSeries]) -> tuple[int, int, int]:
    """Dividends the factor of daily equities counts twice; those another vintage of the file covers; and counts once."""
    named = {one.bars.series.instrument_id: one for one in clean if one.file == "equities_daily"}
    other = {one.bars.series.instrument_id: one.bars for one in clean if one.file == "equities_daily_stocknet"}
    pairs = covered = once = 0
    for instrument, one in named.items():
        times = [f.event_time for f in one.judged().of("duplicate_dividend")]
        pairs += len(times) // 2
        if instrument in other:
            steps = np.abs(np.diff(np.log(other[instrument].factor)))
            at = np.flatnonzero(np.isin(other[instrument].event_time[1:], np.array(times, "M8[us]")))
            covered += len(at) // 2
            once += int((steps[at] > 1e-4).sum()) if len(at) else 0
    return pairs, covered, once


CRASHES = ("AIG", "PNC", "STT")


def known_section(clean: list[CleanSeries]) -> tuple[str, str]:
    """The bad adjustments known by name, and the real crashes that must stay."""
    of = {one.bars.series.instrument_id: one for one in clean if one.file == "equities_daily"}
    rows = []
    for instrument, (date, what) in KNOWN.items():
        said_of = [f for f in of[instrument].judged().findings if str(f.event_time)[:10] == date]
        rows.append([instrument, date, what, ", ".join(f"`{f.check}`" for f in said_of) or "nothing"])
    crashes = []
    for instrument in CRASHES:
        verdict = of[instrument].judged()
        warned = [
            f"{f.check} {str(f.event_time)[:10]}" for f in verdict.findings if "2008" <= str(f.event_time)[:4] <= "2009"
        ]
        crashes.append([instrument, f"{int((~verdict.accepted).sum())}", ", ".join(warned) or "none"])
    return (
        table(["instrument", "date", "what happened", "named as"], rows),
        table(["instrument", "quarantined", "warnings of 2008 and 2009"], crashes),
    )


def page(folder: Path) -> str:
    """The whole page as Markdown."""
    clean = clean_series(folder)
    verdicts = [one.judged() for one in clean]
    sample = packaged_sample()
    rates = rates_by_file(clean, verdicts)
    sample_rate = rate_of("packaged sample", [one.judged() for one in sample])
    sweeps = [sweep(limit, clean, verdicts) for limit in LIMITS]
    series = {name: [one.bars for one in clean if one.file == name] for name in CLEAN_FILES}
    groups = {
        "equities, days": series["equities_daily"][::10],
        "crypto, days": series["crypto_1d"],
        "crypto, hours": [bars.take(slice(-3000, None)) for bars in series["crypto_1h"]],
    }
    known, crashes = known_section(clean)
    pairs, covered, once = double_counted(clean)
    n_payers, n_dividends, said_of_told = told_section(clean)
    return f"""# Data quality

What the checks on bars find, and how often they are wrong, measured with the code that gives the verdict
(`trimtab.bars.checks`). Regenerate this page with `python -m benchmarks.data_quality --write`; it needs the optional
market data, is seeded, and takes two to three minutes.

A check either **quarantines** a bar (it cannot be a price: a missing or negative number, a high below the low, a time
told twice, a price a hundred times off) or **warns** (it looks odd, and real markets look odd). A bar with a warning
is stored and *flagged*. A gap is about bars that are absent, so it flags none.

## Defects with known truth

Every real broken file there is, against the truth beside it: recorded defects, or the same file after somebody
repaired it by hand. A defect is found when a check for such defects names that very bar; *invented* counts what these
checks name where the truth has nothing (what the repaired file still holds is not counted, nor is the second day of a
dividend told twice: nobody can say from the file which one was paid).

{recall_section(recall_of_everything(folder / "dirty"))}

These files were in view when the checks were written. The next table is the better estimate.

## Injected defects

Each kind put at a random bar of a real clean series, {DRAWS} times per series, one at a time. The number in the header
is how many of each kind. A move is far out only for something calm: what is a spike for a large company is an
ordinary day for a small coin, and the checks say nothing then.

{power_section({name: power(chosen, DRAWS, SEED) for name, chosen in groups.items()})}

Dividends told beside a vendor's adjusted close: the true ones are read off the factor of daily equities, then one
thing is broken.

{power_section({"equities, days": power_of_told(groups["equities, days"], DRAWS, SEED)})}

A step without a dividend is missed below 0.2 % of the price, where vendors do not always tell. The same told dividends
unbroken, of all {n_payers} instruments ({n_dividends:,} dividends), add these findings to those of the file itself:
{said_of_told} (steps of 20 % and more, which were not told here).

## Clean bars

At most {percent(ALLOWED, 1)} of the bars of a clean file may be flagged, and none refused. "Clean" is what the files are
taken to be; some of what is found in them is true (next section). The calendar that the bars speak of is given as if
somebody had named it, so that `outside_session` is measured too.

{rates_section([*rates, sample_rate])}

Share of bars by check (findings per bar; a gap is counted here although it flags none):

{rates_by_check(rates)}

### Bad adjustments and real crashes in the clean files

Known to be wrong:

{known}

Not known before: in `equities_daily` {pairs} pairs of steps take the same amount per share off the price on days near
each other, as for a dividend counted twice (`duplicate_dividend`; IBM 2015-05-06 and 07, Boeing 2016-11-08 and 09).
`equities_daily_stocknet`, another vintage of such data, covers {covered} of these pairs and has {once} steps in their place.
At two findings each they are most of what is flagged in that file.

Known to be true, and kept:

{crashes}

### Files of a vendor with dividends as they should be

Repaired files (`-fixed`) and files that never had a wrong dividend (`-no-bad-divs`). No check on dividends or
adjustments may speak here. What is refused is wrong in the file: highs below the open, prices in pence among prices in
pounds (`LSC-L`, `NVT-L`), sessions without prices. London's small companies are quoted without trading, and their
vendor mixes quotes with trades.

{vendor_section(folder / "dirty")}

## The limits

Every limit, and how many findings its check makes on all clean bars ({sum(rate.bars for rate in rates):,}) when the limit
takes another value and the rest stay. The default is bold. They are set for an installation under `[quality]`.

{limits_section(sweeps)}

`duplicate_range`, `split_told_sigmas`, `adjustment_tolerance` and `same_dividend_days` need duplicates or told actions,
which the clean files do not have: see the vendor's files above.

## Out of sample

All limits are round numbers, and all clean files were in view when they were chosen: first much stricter ones, then,
since those flagged a tenth of what is allowed, lower ones for the sake of finding more. How much of the rate is luck?

Had each limit below been chosen on half of the instruments only (every other one by name), as the smallest value tried
at which its check flags at most {percent(_CHOSEN_AT, 2)} of the bars, the other half would have had this rate. Usually the
smallest value tried already passes: the defaults are not at the edge of what is allowed.

{held_out_section(sweeps, clean)}

The defaults on the two halves, and on the years of the daily files:

{halves_section(clean, verdicts)}

{years_section(clean, verdicts)}

The packaged sample ({sample_rate.bars:,} daily bars) had been seen, but no limit was set by it: {percent(sample_rate.share)} flagged
({said(sample_rate.findings)}). The truth files are in sample altogether; files of other instruments, venues and years
are what none of this can replace.

## Conventions

- Returns are log returns of the adjusted close (close × factor); a sigma is 1.4826 times the median absolute deviation
  of {DEFAULTS.window} returns on either side, the bar and its neighbours left out. A crash in a turbulent time is usual there.
- `unadjusted_split`, `unexplained_jump`: the price changed between two bars, not during one. A market that never closes
  has its crashes during a bar.
- Three-for-two is the ratio most often suspected wrongly: earnings move prices by a third.
- `unit_error`: prices that jump by a factor 100 between two bars are refused, where they come back or the bars end within
  {DEFAULTS.unit_bars} bars. A market that opens at the level before and closes a factor 100 away traded through it: that is only warned
  of, unless the next bar is back. So a newest bar whose close alone is in another unit is stored, with a warning.
- `overlapping_bar`: less than nine tenths of a step apart, two of one date or of one week; a bar that the open or close
  of a session cuts off does not overlap the next.
- `outside_session`: only where a person or the source named the calendar, and not within 5.5 hours before an open and 4
  after a close, where exporters include trading: a stray bar there is not seen. Where more than a fifth of the bars
  overlap or are outside, one finding says so for all.
- `stale_run`, `gap`: of an instrument that often repeats its bar or has none, only runs longer than chance would
  produce (0.01 expected false ones per series) are said.
- `zero_volume`: said unless zero is the natural end of thin trading: more than {DEFAULTS.usual_zero_volume:.0%} of the bars have none, or bars with
  under {DEFAULTS.thin_volume:.0%} of the median volume are commoner than bars with none.
- `missing_adjustment`, `wrong_adjustment`: a dividend D steps the factor by D / C, C any price of the bars before and
  after it, ± {DEFAULTS.adjustment_tolerance:.0%} and the rounding of the adjusted close.
- `dividend_unit_error`: the odds of a hundred times or a hundredth of what was told, given how far the price fell
  (Student's t, 3 degrees of freedom) and what is usually paid at a time (lognormal around 1 % of the price, sigma 1.5),
  with prior odds of 1 to 100; or exactly a hundred times the dividend beside it. A company that truly pays hundredths
  of a per cent, with few dividends told, can be named wrongly.
- Capital gains a fund reports beside its dividends are taken to be part of them, as Yahoo tells them.
"""


def data_folder() -> Path:
    """Where the optional market data is looked for."""
    return Path(os.environ.get("TRIMTAB_TEST_DATA", ROOT.parent / "shared" / "data"))


def main() -> None:
    """Measure, print the page, and write it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data_quality", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} instead of printing it")
    arguments = parser.parse_args()
    folder = data_folder()
    if not (folder / "dirty").is_dir():
        sys.exit(
            f"the optional market data is not at {folder}; set TRIMTAB_TEST_DATA to the folder that holds "
            "crypto_1h.parquet, equities_daily.parquet and dirty/"
        )
    text = page(folder)
    if not arguments.write:
        print(text)
        return
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
