"""Markdown tables of the generated pages."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share as a percentage."""
    return f"{100 * share:.1f} %"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
