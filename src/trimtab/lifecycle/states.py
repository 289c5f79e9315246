"""The states of a model version and the only allowed moves between them.

The state belongs to a version, not to a strategy: while a champion is deployed its challenger is
drafted, judged and refused without touching it. What is shown as a strategy's state is its
champion's, and without a champion its latest version's (`registry.strategies`).
"""

from __future__ import annotations

from trimtab.errors import TransitionError, UnknownNameError
from trimtab.registry.models import ModelVersion
from trimtab.registry.repository import Registry

MOVES: dict[str, tuple[str, ...]] = {
    "draft": ("validation", "archived"),
    "validation": ("approval_pending", "rejected"),
    # New evidence or other limits send a version back to be judged again.
    "approval_pending": ("approved", "rejected", "validation"),
    "approved": ("deployment_pending", "rejected", "archived"),
    "deployment_pending": ("deployed", "approved"),
    "deployed": ("monitoring", "rolled_back"),
    "monitoring": ("degraded", "rolled_back", "archived"),
    "degraded": ("monitoring", "rolled_back", "archived"),
    "rolled_back": ("deployment_pending", "archived"),
    "rejected": ("validation", "archived"),
    "archived": (),
}
"""From a state to the states a version may move to."""

STATES = tuple(MOVES)


def check_move(from_state: str, to: str) -> None:
    """Raise `TransitionError` naming the allowed moves when this one is not among them.

    >>> check_move("draft", "deployed")
    Traceback (most recent call last):
        ...
    trimtab.errors.TransitionError: a version in state 'draft' cannot become 'deployed'; from there it can become: validation, archived
    """
    for state in (from_state, to):
        if state not in MOVES:
            raise UnknownNameError("life-cycle state", state, STATES)
    if to not in MOVES[from_state]:
        allowed = ", ".join(MOVES[from_state]) or "nothing else"
        raise TransitionError(
            f"a version in state '{from_state}' cannot become '{to}'; from there it can become: {allowed}"
        )


def move(registry: Registry, model: ModelVersion, to: str, *, actor: str, reason: str) -> ModelVersion:
    """Move a version one step; `ConflictError` when it is no longer in the state of `model`.

    Every move needs a reason; actor, time and reason are kept for ever.
    """
    check_move(model.state, to)
    if not reason.strip():
        raise TransitionError(f"moving {model.strategy} {model.version} to '{to}' needs a reason; pass one")
    return registry.move_model(model.id, expected=model.state, to=to, actor=actor, reason=reason)
