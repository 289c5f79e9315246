"""The comparison itself: compute with three other futures at every cut, and look for a changed bit of the past.

At many further cuts the future is only removed: a leak of a few rows shows nowhere but right before a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from trimtab import __version__
from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue, resolve, versions
from trimtab.features.engine import compute
from trimtab.features.leaks.canaries import Canary, applicable, is_absent
from trimtab.features.leaks.content import content_of
from trimtab.features.leaks.cuts import choose_cuts, closer_cuts, cuts_for_the_rest
from trimtab.features.leaks.findings import CanaryFinding, LeakCertificate, LeakFinding
from trimtab.features.leaks.futures import FUTURES, World, changed_futures, decided_by, without_future
from trimtab.features.surroundings import NOTHING, SURROUNDINGS, Surroundings
from trimtab.storage.hashing import fingerprint_json

Compute = Callable[[Bars, Surroundings], np.ndarray]


def certify(
    names: Sequence[str],
    bars: Bars,
    *,
    cuts: Sequence[int] | int = 5,
    seed: int,
    surroundings: Surroundings = NOTHING,
) -> LeakCertificate:
    """Certify features of the catalogue on some bars and what surrounds them.

    `cuts` are rows at which the future begins, or how many to choose; up to eight more are added for
    features that are unknown there, and up to 75 where the future is only removed: 63 of consecutive rows and
    12 over all the history. Raises `NotEnoughDataError` for fewer than two bars.
    """
    names = resolve(names=names)
    made_by = versions(names)
    certificate = certify_function(
        lambda bars, beside: compute(bars, names, surroundings=beside).values,
        names,
        bars,
        cuts=cuts,
        seed=seed,
        surroundings=surroundings,
        kinds={need for name in names for need in catalogue()[name].needs},
        code_version=f"{__version__}+{fingerprint_json(made_by)[:12]}",
    )
    findings = tuple(_or_absent(finding, surroundings) for finding in certificate.findings)
    return replace(certificate, findings=findings, versions=made_by, content=content_of(World(bars, surroundings)))


def certify_function(
    function: Compute,
    names: Sequence[str],
    bars: Bars,
    *,
    cuts: Sequence[int] | int = 5,
    seed: int,
    surroundings: Surroundings = NOTHING,
    kinds: Collection[str] = (),
    code_version: str = "",
) -> LeakCertificate:
    """Certify any function of bars and surroundings that returns values of shape (n, k) with k names.

    `kinds` are the names in `SURROUNDINGS` that it reads; leaks from these are planted beside it.
    """
    generator = np.random.default_rng(seed)
    world, canaries = World(bars, surroundings), applicable(surroundings, kinds, isinstance(cuts, int))
    chosen = choose_cuts(len(bars), cuts, generator)
    full = _columns(function, canaries, world)
    if isinstance(cuts, int):
        chosen = tuple(sorted((*chosen, *cuts_for_the_rest(full, chosen))))
    closer = closer_cuts(len(bars), generator) if isinstance(cuts, int) else ()
    findings = [LeakFinding(name, "unchecked", 0) for name in (*names, *(canary.name for canary in canaries))]
    for cut in chosen:
        comparable = _comparable(world, cut)
        for future, changed in changed_futures(world, cut, generator):
            other = _columns(function, canaries, changed)
            for column, finding in enumerate(findings):
                findings[column] = _judge(finding, full[:, column], other[:, column], cut, comparable, future)
    for cut in closer:
        other = _columns(function, canaries, without_future(world, cut))
        for column, row in _first_changes(full[:cut], other, _comparable(world, cut)):
            findings[column] = _leaking(findings[column], row, cut, FUTURES[0])
    planted = [CanaryFinding(c.name, c.reads, f.outcome == "leaks") for c, f in zip(canaries, findings[len(names) :], strict=True)]  # fmt: skip
    judged = tuple(_with_reason(finding) for finding in findings[: len(names)])
    return LeakCertificate(
        judged, tuple(planted), str(bars.series), len(bars), chosen, FUTURES, seed, code_version, removed_at=closer
    )


def _comparable(world: World, cut: int) -> np.ndarray:
    """Which rows of the past had been decided when it ended; all where only bars are read: they go by the row."""
    if world.surroundings is NOTHING:
        return np.ones(cut, bool)
    known: np.ndarray = world.bars.known_time[:cut] <= decided_by(world.bars, cut)
    return known


def _columns(function: Compute, canaries: Sequence[Canary], world: World) -> np.ndarray:
    """Features and planted leaks side by side, Fortran order: what follows goes column by column."""
    with np.errstate(all="ignore"):
        planted = [canary.values(world) for canary in canaries]
    return np.asfortranarray(np.column_stack([function(world.bars, world.surroundings), *planted]))


def _judge(
    finding: LeakFinding, full: np.ndarray, other: np.ndarray, cut: int, comparable: np.ndarray, future: str
) -> LeakFinding:
    """Compare the bits of a column's past; the earliest row that ever changed is kept."""
    before = full[:cut]
    changed = _differs(before, other[:cut]) & comparable
    ahead = other[cut : cut + 1] if len(other) > cut else np.array([np.nan])
    finding = replace(
        finding,
        values_compared=finding.values_compared + int((~np.isnan(before) & comparable).sum()),
        # The column moved one bar ahead would have this value in the last row of the past.
        canary_caught=finding.canary_caught or bool(_differs(full[cut : cut + 1], ahead).any()),
    )
    return _leaking(finding, int(np.argmax(changed)), cut, future) if changed.any() else finding


def _first_changes(full: np.ndarray, other: np.ndarray, comparable: np.ndarray) -> Iterator[tuple[int, int]]:
    """The columns of two tables in which a comparable row differs, each with the first of these rows."""
    for column in range(full.shape[1]):
        changed = _differs(full[:, column], other[:, column]) & comparable
        if changed.any():
            yield column, int(np.argmax(changed))


def _leaking(finding: LeakFinding, row: int, cut: int, future: str) -> LeakFinding:
    if finding.first_row is not None and finding.first_row <= row:
        return finding
    return replace(finding, outcome="leaks", first_row=row, first_cut=cut, future=future)


def _with_reason(finding: LeakFinding) -> LeakFinding:
    if finding.outcome == "leaks":
        changed = f"row {finding.first_row} changed when the future from row {finding.first_cut} was {finding.future}"
        return replace(finding, reason=changed)
    if not finding.values_compared:
        return replace(finding, reason="it has no value before any cut; more bars or facts are needed")
    if not finding.canary_caught:
        return replace(finding, reason="its values moved one bar ahead went unnoticed; more bars or facts are needed")
    return replace(finding, outcome="passed")


def _or_absent(finding: LeakFinding, surroundings: Surroundings) -> LeakFinding:
    """A feature whose facts or peers are not there, and which has no value, has nothing to leak."""
    missing = [need for need in catalogue()[finding.name].needs if is_absent(surroundings, need)]
    if finding.outcome != "unchecked" or not missing:
        return finding
    return replace(finding, outcome="absent", reason=f"there are no {SURROUNDINGS[missing[0]]}")


def _differs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (_bits(one) != _bits(other)) & ~(np.isnan(one) & np.isnan(other))


def _bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
