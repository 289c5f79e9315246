"""Quality checks on raw bars, and the verdict they lead to.

One file per question: is this bar possible (`single_bar`), has it its own time (`order`), does it
lie in a session and apart from the next (`sessions`), is one absent (`gaps`), does it trade
(`activity`), is it in another unit (`units`), is its price level believable (`jumps`,
`told_splits`, `wicks`), does its factor agree with what was told and with the price
(`adjustments`), are told dividends and splits possible (`dividends`, `actions`). A new check is a
function here that returns findings, called in `judge`. A check never repairs a bar; refused bars
belong to `trimtab.bars.quarantine`. How often each is wrong: `docs/data_quality.md`.
"""

from trimtab.bars.checks.actions import ActionVerdict, judge_actions
from trimtab.bars.checks.adjustments import check_adjustments
from trimtab.bars.checks.judge import judge
from trimtab.bars.checks.verdict import Finding, Verdict
from trimtab.config.quality import CheckLimits

__all__ = ["ActionVerdict", "CheckLimits", "Finding", "Verdict", "check_adjustments", "judge", "judge_actions"]
