"""Which data, model and code this is, how to make it again, and what the numbers mean."""

from __future__ import annotations

from trimtab.reports.blocks import card, cards, folded, not_measured, pairs, section
from trimtab.reports.evidence import ModelEvidence
from trimtab.reports.markup import Markup, breakable, tag
from trimtab.reports.wording import day, spelled

CONVENTIONS = (
    "Every measure of skill is out of sample: a model was trained on the past of each fold and judged on what follows.",
    "An interval comes from resampling blocks of time, so that moments which belong together stay together.",
    "A p-value is the probability of a lead at least this large if there were no skill.",
    "Returns are compound and after costs; the Sharpe ratio is a year's, with no interest on cash, and its standard "
    "deviation divides by n − 1.",
    "A drawdown is a share of the highest equity before it. One basis point (bps) is a hundredth of a per cent.",
    "Times are UTC. A dash means not known. Nothing on this page was typed by hand.",
)


def identity(evidence: ModelEvidence) -> Markup:
    """Fingerprints, counts and commands."""
    known = [("Algorithm", evidence.algorithm), ("Registered", day(evidence.created)), *evidence.identity]
    parameters = [(breakable(name), spelled(value)) for name, value in sorted(evidence.parameters.items())]
    facts = [(name, tag("span", value)) for name, value in known if value and not is_digest(value)]
    digests = [(name, tag("code", value)) for name, value in known if value and is_digest(value)]
    listed = pairs(parameters) if parameters else not_measured("Parameters", "the registry holds none")
    what = card(
        "Data, model and code", pairs(facts), folded("Fingerprints (SHA-256)", pairs(digests) if digests else ""),
        folded(f"Parameters ({len(parameters)})", listed), wide=True,
    )  # fmt: skip
    return section("identity", "Which data, which code, and how to make it again", cards(what, _commands(evidence)))


def is_digest(value: str) -> bool:
    """Whether it is a hash, which only a program compares.

    >>> is_digest("0d544e04" * 8), is_digest("AAPL")
    (True, False)
    """
    return len(value) >= 32 and all(c in "0123456789abcdef" for c in value)


def _commands(evidence: ModelEvidence) -> Markup:
    if not evidence.commands:
        return card("Make it again", not_measured("Commands", "the dataset of this version is not known"), wide=True)
    steps = [tag("li", what, tag("pre", tag("code", command), tabindex="0")) for command, what in evidence.commands]
    return card("Make it again", tag("ol", *steps, class_="commands"), wide=True)


def footer() -> Markup:
    """The conventions behind every number."""
    return tag("footer", tag("h2", "How to read the numbers"), tag("ul", *[tag("li", each) for each in CONVENTIONS]))
