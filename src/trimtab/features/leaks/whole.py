"""Everything that can be asked of the features of one series: futures, planted leaks, and company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.leaks.certify import certify
from trimtab.features.leaks.findings import LeakCertificate, LeakFinding, listed
from trimtab.features.leaks.isolation import check_isolation
from trimtab.features.leaks.stretch import by_needs, newest_stretch
from trimtab.features.surroundings import NOTHING, Surroundings


@dataclass(frozen=True)
class WholeCertificate:
    """The features of one series, certified in groups that read the same kinds of facts.

    Attributes
    ----------
    series: key of the series.
    certificates: one per group, each on the newest bars at which its facts were told.
    changed_by: what changes a feature that is not the same in every company, by its name.
    """

    series: str
    certificates: tuple[LeakCertificate, ...]
    changed_by: dict[str, str]

    @property
    def findings(self) -> tuple[LeakFinding, ...]:
        """One per feature; one that depends on its company leaks."""
        every = [each for certificate in self.certificates for each in certificate.findings]
        return tuple(_with_company(each, self.changed_by.get(each.name)) for each in every)

    @property
    def missed(self) -> tuple[str, ...]:
        """The planted leaks that went unnoticed."""
        return tuple(dict.fromkeys(name for each in self.certificates for name in each.missed))

    @property
    def passed(self) -> bool:
        """Whether nothing leaks, every planted leak was caught, and every feature whose facts are there was checked."""
        return not self.missed and not self.named("leaks") and not self.named("unchecked")

    def named(self, outcome: str) -> tuple[str, ...]:
        """The features with an outcome."""
        return tuple(each.name for each in self.findings if each.outcome == outcome)

    @property
    def sentence(self) -> str:
        """The result for a person."""
        for outcome, said in (("leaks", "see the future or another instrument"), ("unchecked", "could not be checked")):
            if self.named(outcome):
                return f"these features of {self.series} {said}: {listed(self.named(outcome))}"
        if self.missed:
            return f"the check of {self.series} could not see: planted leaks went unnoticed ({listed(self.missed)})"
        return f"no feature of {self.series} knows the future or another instrument"

    def document(self) -> dict[str, Any]:
        """The certificate as JSON values."""
        return {
            "series": self.series,
            "passed": self.passed,
            "sentence": self.sentence,
            "findings": [asdict(each) for each in self.findings],
            "checks": [
                {key: value for key, value in each.document().items() if key != "findings"}
                for each in self.certificates
            ],
        }


def certify_whole(
    names: Sequence[str], bars: Bars, *, n_bars: int, cuts: int = 3, seed: int, surroundings: Surroundings = NOTHING
) -> WholeCertificate:
    """Certify features on the newest `n_bars` bars at which their facts were told, and the bars before these that
    the longest look-back needs.

    Raises `NotEnoughDataError` for fewer than two bars.
    """
    certificates, changed_by = [], {}
    for needs, group in by_needs(resolve(names=names)).items():
        n = n_bars + max(catalogue()[name].lookback for name in group)
        stretch = newest_stretch(bars, surroundings, needs, n)
        certificates.append(certify(group, stretch, cuts=cuts, seed=seed, surroundings=surroundings))
        for each in check_isolation(group, stretch, seed=seed, surroundings=surroundings):
            if not each.is_isolated:
                changed_by[each.name] = each.changed_by
    return WholeCertificate(bars.series.key, tuple(certificates), changed_by)


def _with_company(finding: LeakFinding, changed_by: str | None) -> LeakFinding:
    if changed_by is None or finding.outcome == "leaks":
        return finding
    return replace(finding, outcome="leaks", reason=f"it is another one {changed_by}")
