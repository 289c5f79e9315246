"""Quality checks on raw bars, and the verdict they lead to.

One file per question: is this bar possible (`single_bar`), has it its own time (`order`), is one
absent (`gaps`), does it trade (`activity`), is its price level believable (`levels`). A new check
is a function here that returns findings, called in `judge`. A check never repairs a bar; refused
bars belong to `trimtab.bars.quarantine`.
"""

from trimtab.bars.checks.judge import judge
from trimtab.bars.checks.verdict import Finding, Verdict
from trimtab.config.quality import CheckLimits

__all__ = ["CheckLimits", "Finding", "Verdict", "judge"]
