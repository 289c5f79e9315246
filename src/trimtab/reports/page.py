"""The whole page, from the verdict to the small print."""

from __future__ import annotations

from trimtab.reports.evidence import ModelEvidence
from trimtab.reports.markup import Markup, tag
from trimtab.reports.sections.conditions import conditions
from trimtab.reports.sections.gates import gates
from trimtab.reports.sections.headline import headline
from trimtab.reports.sections.honesty import honesty
from trimtab.reports.sections.identity import footer, identity
from trimtab.reports.sections.importance import importance
from trimtab.reports.sections.leaks import leaks
from trimtab.reports.sections.robustness import robustness
from trimtab.reports.sections.skill import outcomes, skill
from trimtab.reports.sections.trading import surface, trading
from trimtab.reports.style import STYLE

# The browser itself refuses whatever would come from elsewhere, and every script.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SECTIONS = (
    gates, trading, skill, outcomes, importance, conditions, honesty, surface, robustness, leaks, identity,
)  # fmt: skip


def model_page(evidence: ModelEvidence) -> str:
    """The report of a model version as one HTML document.

    The same evidence gives the same bytes: there is no time of making in it.
    """
    title = f"{evidence.strategy} {evidence.version}: model report"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    body = tag("body", headline(evidence), tag("main", *[each(evidence) for each in SECTIONS]), footer())
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"
