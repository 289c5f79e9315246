"""Only allowed moves are made, and each says who, when and why."""

from __future__ import annotations

import pytest
from fakes.registries import register

from trimtab.errors import ConflictError, TransitionError, UnknownNameError
from trimtab.lifecycle.states import MOVES, STATES, check_move, move
from trimtab.registry.repository import Registry
from trimtab.registry.strategies import INITIAL_STATE

ALLOWED = [(before, after) for before, targets in MOVES.items() for after in targets]
REFUSED = [(before, after) for before in STATES for after in STATES if after not in MOVES[before]]


def test_every_state_can_be_reached_from_the_first_and_only_archived_is_final() -> None:
    reached, frontier = {INITIAL_STATE}, [INITIAL_STATE]
    while frontier:
        new = set(MOVES[frontier.pop()]) - reached
        reached |= new
        frontier += new
    assert reached == set(STATES)
    assert [state for state in STATES if not MOVES[state]] == ["archived"]


def test_nothing_is_deployed_without_approval() -> None:
    """Without the state "approved" no path leads from a draft to a deployment."""
    reached, frontier = {INITIAL_STATE}, [INITIAL_STATE]
    while frontier:
        new = set(MOVES[frontier.pop()]) - reached - {"approved"}
        reached |= new
        frontier += new
    assert not reached & {"deployment_pending", "deployed", "monitoring"}


@pytest.mark.parametrize(("before", "after"), ALLOWED)
def test_an_allowed_move_is_silent(before: str, after: str) -> None:
    check_move(before, after)


@pytest.mark.parametrize(("before", "after"), REFUSED)
def test_any_other_move_is_refused_and_names_the_allowed_ones(before: str, after: str) -> None:
    with pytest.raises(TransitionError) as caught:
        check_move(before, after)
    assert all(state in str(caught.value) for state in MOVES[before])


def test_an_unknown_state_is_named_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'deployed'"):
        check_move("approved", "deploid")


def test_a_move_keeps_actor_time_and_reason(registry: Registry) -> None:
    (model,) = register(registry, "first")
    moved = move(registry, model, "archived", actor="ada", reason="a typo in the label")
    last = registry.transitions(model.id)[-1]
    assert moved.state == "archived"
    assert (last.actor, last.reason, last.moved) == ("ada", "a typo in the label", registry.clock.now())
    with pytest.raises(ConflictError, match="somebody moved it first"):
        move(registry, model, "validation", actor="bob", reason="read before the move")


def test_a_move_without_a_reason_is_refused(registry: Registry) -> None:
    (model,) = register(registry, "first")
    with pytest.raises(TransitionError, match="needs a reason"):
        move(registry, model, "archived", actor="ada", reason=" ")
    assert registry.get_model(model.id).state == "draft"
