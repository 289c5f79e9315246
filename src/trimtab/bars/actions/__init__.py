"""Corporate actions: splits and dividends as dated facts, and the prices they make comparable.

Prices are stored as they were traded. What happened to a share is kept beside them, with the time
it could first be known, and applied when bars are read: a new dividend is one new fact, not a new
history. `schema` says what an action is, `store` keeps every version, `adjust` turns actions
into factors, `infer` reads splits off a source's own factor, `files` reads what a person tells. What
a source claims about actions is judged in `trimtab.bars.checks`.
"""

from trimtab.bars.actions.schema import ActionKind, Actions

__all__ = ["ActionKind", "Actions"]
