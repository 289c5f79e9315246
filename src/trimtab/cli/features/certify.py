"""`trimtab features certify`: whether features of any bars know the future, or another instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.telling import INDENT, counted, print_wrapped
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.bars import Bars
    from trimtab.features.leaks import WholeCertificate
    from trimtab.features.surroundings import Surroundings
    from trimtab.market import Series

_COLUMNS = ("series", "bars", "features", "passed", "leaks", "unchecked", "absent", "planted_leaks_caught", "values_compared")  # fmt: skip


def certify(
    bars: str = typer.Argument(help="Bar file (CSV or Parquet), or a stored series such as AAPL__1d."),
    sets: list[str] = typer.Option([], "--set", help="Feature set, as in `trimtab features list`; may be repeated."),
    features: list[str] = typer.Option([], "--feature", help="A single feature; may be repeated."),
    cuts: int = typer.Option(5, "--cuts", min=1, help="At how many rows the future is changed."),
    newest: int = typer.Option(1000, "--bars", min=2, help="How many bars; those a look-back needs come on top."),
    seed: int = typer.Option(0, "--seed", min=0, help="Chooses the rows and the other futures."),
    timeframe: str | None = typer.Option(None, help="Length of a bar (1m ... 1w), where the file does not say."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Change or remove the future of bars, facts and peers: no past value may change.

    Exit code 1 where one does, or where nothing could be checked.
    """
    from trimtab.errors import ConfigurationError, FeatureError
    from trimtab.features.catalogue import resolve
    from trimtab.features.leaks import certify_whole

    names = resolve(sets, features)
    if not names:
        raise ConfigurationError("no feature was named; say --set all, another feature set, or --feature NAME")
    certificates = [
        certify_whole(names, own, n_bars=newest, cuts=cuts, seed=seed, surroundings=beside)
        for own, beside in _worlds(bars, timeframe, names)
    ]
    failed = [each for each in certificates if not _proves(each)]
    more = f" (and {len(failed) - 1} more series)" if len(failed) > 1 else ""
    reason = _sentence(_first_leaking(failed)) + more if failed else ""
    if json:
        print_json({"passed": not failed, "reason": reason, "series": [_document(each) for each in certificates]})
    else:
        rows = [_row(each) for each in certificates]
        print_table(f"Leak certificate of {counted(len(names), 'feature')}", rows, _COLUMNS)
        _print_wrong(certificates)
    if failed:
        raise FeatureError(reason)


def _proves(certificate: WholeCertificate) -> bool:
    """Whether something was compared, and all of it passed."""
    return certificate.passed and bool(certificate.named("passed"))


def _sentence(certificate: WholeCertificate) -> str:
    if certificate.passed and not _proves(certificate):
        why = next((each.reason for each in certificate.findings if each.reason), "no feature has a value")
        return f"nothing could be checked of {certificate.series}: {why}"
    return certificate.sentence


def _document(certificate: WholeCertificate) -> dict[str, Any]:
    return certificate.document() | {"passed": _proves(certificate), "sentence": _sentence(certificate)}


def _worlds(bars: str, timeframe: str | None, names: Sequence[str]) -> Iterator[tuple[Bars, Surroundings]]:
    """The bars meant, and what surrounds them: in a file, its other instruments; in the store, what the lake has."""
    from trimtab.errors import NotFoundError
    from trimtab.market import Series

    if Path(bars).exists():
        yield from _from_file(Path(bars), timeframe)
    elif "__" in bars and not bars.endswith((".csv", ".parquet")):
        yield _from_store(Series.parse(bars), names)
    else:
        raise NotFoundError(f"there is no bar file '{bars}'; name one, or a stored series by its key, such as AAPL__1d")


def _from_file(path: Path, timeframe: str | None) -> Iterator[tuple[Bars, Surroundings]]:
    from trimtab.bars.files import read_bar_file
    from trimtab.features.export import accepted_in_order, peers_among
    from trimtab.features.surroundings import Surroundings
    from trimtab.market import Timeframe

    content = read_bar_file(path, None if timeframe is None else Timeframe.parse(timeframe))
    every = {series: accepted_in_order(raw) for series, raw in sorted(content.bars.items())}
    for series, own in every.items():
        yield own, Surroundings(peers=peers_among(series, every))


def _from_store(series: Series, names: Sequence[str]) -> tuple[Bars, Surroundings]:
    from trimtab.config import load_settings
    from trimtab.errors import NotFoundError
    from trimtab.pipeline.surroundings import needs_of, surroundings_of
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(load_settings())
    own = workspace.bars.current(series)
    if not len(own):
        raise NotFoundError(
            f"'{series.key}' is neither a file nor a stored series; `trimtab bars list` names what is stored"
        )
    return own, surroundings_of(workspace, series, None, needs_of(names))


def _row(certificate: WholeCertificate) -> dict[str, Any]:
    planted = [each for one in certificate.certificates for each in one.canaries]
    counts = {outcome: len(certificate.named(outcome)) for outcome in ("passed", "leaks", "unchecked", "absent")}
    return {
        "series": certificate.series,
        "bars": max(one.n_bars for one in certificate.certificates),
        "features": len(certificate.findings),
        **counts,
        "planted_leaks_caught": f"{sum(each.caught for each in planted)} of {len(planted)}",
        "values_compared": sum(each.values_compared for each in certificate.findings),
    }


def _print_wrong(certificates: Sequence[WholeCertificate]) -> None:
    """What leaks, could not be checked or had no facts; a reason that features share is said once, names are whole."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for certificate in certificates:
        for each in certificate.findings:
            if each.outcome != "passed":
                rows.setdefault((certificate.series, each.outcome, each.reason), []).append(each.name)
    if not rows:
        return
    absent_only = all(outcome == "absent" for _, outcome, _ in rows)
    typer.echo("What was not there" if absent_only else "What did not pass")
    for (series, outcome, reason), names in rows.items():
        print_wrapped(f"{series}: {counted(len(names), 'feature')} {outcome}: {reason}", INDENT)
        print_wrapped(", ".join(names), 2 * INDENT)


def _first_leaking(failed: Sequence[WholeCertificate]) -> WholeCertificate:
    return next((each for each in failed if each.named("leaks")), failed[0])
