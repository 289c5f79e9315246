"""The training loop against closed forms, PyTorch's own schedules, and itself after a death."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes.dying import Died
from fakes.network_rows import DyingAt, Noting, Rows, make_rows, small_network
from sklearn.linear_model import LinearRegression, LogisticRegression

from trimtab.errors import ConfigurationError
from trimtab.models.networks.outcome import cross_entropy, squared
from trimtab.models.networks.progress import Epoch
from trimtab.models.networks.training import Trained, TrainingSettings, learning_rate, mean_loss, train
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(seed=5, n_threads=1, device="cpu")
SETTINGS = TrainingSettings(epochs=6, batch_size=32, learning_rate=0.02)
NO_DECAY = TrainingSettings(epochs=300, batch_size=1000, learning_rate=0.05, weight_decay=0.0, clip_norm=1e6)


def linear_network(k: int = 3) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(k, 1), torch.nn.Flatten(0))


def same(one: Trained, other: Trained) -> bool:
    weights = all(torch.equal(one.state[name], other.state[name]) for name in one.state)
    return weights and (one.best_epoch, one.history) == (other.best_epoch, other.history)


def test_a_linear_network_ends_at_the_weighted_least_squares_of_scikit_learn() -> None:
    rows = make_rows()
    state = train(linear_network(), rows, None, squared, NO_DECAY, CONTEXT, "").state
    theirs = LinearRegression().fit(rows.inputs, rows.target, rows.weight)
    assert state["0.weight"].numpy().ravel() == pytest.approx(theirs.coef_, abs=1e-3)
    assert state["0.bias"].item() == pytest.approx(theirs.intercept_, abs=1e-3)


def test_a_linear_network_ends_at_the_weighted_logistic_regression_of_scikit_learn() -> None:
    rows = make_rows(seed=1)
    rows = replace(rows, target=(rows.target + np.random.default_rng(3).standard_normal(200) > 0.5).astype(float))
    state = train(linear_network(), rows, None, cross_entropy, NO_DECAY, CONTEXT, "").state
    theirs = LogisticRegression(C=np.inf).fit(rows.inputs, rows.target, rows.weight)
    assert state["0.weight"].numpy().ravel() == pytest.approx(theirs.coef_[0], abs=5e-3)


def test_the_losses_told_are_those_of_the_weights_kept() -> None:
    rows, judged = make_rows(), make_rows(seed=1)
    module = small_network()
    trained = train(module, rows, judged, squared, SETTINGS, CONTEXT, "")
    module.load_state_dict(trained.state)
    best = min(epoch.validation_loss for epoch in trained.history)
    assert trained.history[trained.best_epoch - 1].validation_loss == best
    assert mean_loss(module, judged, squared, SETTINGS.batch_size) == best
    with torch.inference_mode():
        error = (module(torch.tensor(judged.inputs, dtype=torch.float32)).numpy() - judged.target) ** 2
    assert best == pytest.approx((judged.weight * error).mean(), rel=1e-5)


def test_training_ends_when_the_validation_loss_gets_no_better() -> None:
    rng = np.random.default_rng(0)
    noise = Rows(rng.standard_normal((60, 3)), rng.standard_normal(60), np.ones(60))
    judged = replace(make_rows(60, seed=1), target=rng.standard_normal(60))
    settings = replace(SETTINGS, epochs=200, patience=3, learning_rate=0.05, schedule="constant")
    trained = train(small_network(dropout=0.0), noise, judged, squared, settings, CONTEXT, "")
    assert len(trained.history) == trained.best_epoch + 3 < 200
    assert len(train(small_network(), noise, None, squared, replace(settings, epochs=9), CONTEXT, "").history) == 9


def test_every_epoch_sees_every_row_once_in_an_order_of_its_own_and_no_batch_is_tiny() -> None:
    rows = make_rows(65)
    train(small_network(), rows, None, squared, replace(SETTINGS, epochs=2), CONTEXT, "")
    first, second = rows.asked[:3], rows.asked[3:]
    for epoch in (first, second):
        assert sorted(position for batch in epoch for position in batch) == list(range(65))
    assert first != second
    assert [len(batch) for batch in first] == [22, 22, 21]


def test_gradients_are_cut_to_the_clip_norm() -> None:
    module = small_network()
    train(module, make_rows(), None, squared, replace(SETTINGS, clip_norm=1e-3), CONTEXT, "")
    norm = torch.cat([parameter.grad.ravel() for parameter in module.parameters()]).norm().item()
    assert norm == pytest.approx(1e-3, rel=1e-3)


def test_the_cosine_is_that_of_pytorch() -> None:
    settings = TrainingSettings(epochs=7, learning_rate=0.3, schedule="cosine")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=7)
    for number in range(7):
        assert learning_rate(settings, [Epoch(1, 1.0, 1.0, 0.1)] * number) == pytest.approx(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("validated", [True, False])
def test_the_plateau_is_that_of_pytorch(validated: bool) -> None:
    settings = TrainingSettings(learning_rate=0.3, schedule="plateau", patience=9)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0.0)
    history: list[Epoch] = []
    for loss in np.random.default_rng(2).normal(0.0, 1.0, 60) - np.linspace(0.0, 3.0, 60):
        history.append(Epoch(1, 0.0, loss, 0.1) if validated else Epoch(1, loss, None, 0.1))
        theirs.step(loss)
        assert learning_rate(settings, history) == pytest.approx(theirs.get_last_lr()[0])
    assert learning_rate(settings, history) < 0.1


def test_the_learning_rate_of_the_schedule_is_the_one_trained_with() -> None:
    settings = replace(SETTINGS, epochs=2, learning_rate=1e-3, weight_decay=0.0)
    whole = train(small_network(), make_rows(), None, squared, settings, CONTEXT, "").history
    assert [epoch.learning_rate for epoch in whole] == [1e-3, 5e-4]
    still = replace(settings, epochs=1, learning_rate=1e-30)
    before, after = small_network().state_dict(), train(small_network(), make_rows(), None, squared, still, CONTEXT, "")
    assert all(torch.equal(before[name], after.state[name]) for name in before)


def test_every_epoch_is_told() -> None:
    watch = Noting()
    trained = train(
        small_network(), make_rows(), make_rows(seed=1), squared, SETTINGS, replace(CONTEXT, watch=watch), ""
    )
    assert [(number, total) for number, total, _ in watch.steps] == [(n, 6) for n in range(1, 7)]
    epoch = trained.history[2]
    told = {"train_loss": epoch.train_loss, "validation_loss": epoch.validation_loss}
    assert watch.steps[2][2] == {**told, "learning_rate": epoch.learning_rate}


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
@pytest.mark.parametrize("dies_at", [1, 3, 6])
def test_after_a_death_it_ends_as_if_it_had_lived(schedule: str, dies_at: int, tmp_path: Path) -> None:
    settings = replace(SETTINGS, schedule=schedule, patience=4)
    rows, judged = make_rows(), make_rows(seed=1)
    whole = train(small_network(), rows, judged, squared, settings, CONTEXT, "f")
    dying = replace(CONTEXT, checkpoints=tmp_path, watch=DyingAt(dies_at))
    with pytest.raises(Died):
        train(small_network(), rows, judged, squared, settings, dying, "f")
    assert len(list(tmp_path.iterdir())) == 1
    rows.asked.clear()
    watch = Noting()
    resumed = train(
        small_network(seed=9), rows, judged, squared, settings, replace(dying, watch=watch), "f"
    )  # its first weights do not count any more
    assert same(whole, resumed)
    assert len(rows.asked) == (6 - dies_at) * 7  # only what was missing
    assert [number for number, _, _ in watch.steps] == [1, 2, 3, 4, 5, 6]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", ["fingerprint", "settings", "seed", "module"])
def test_another_training_does_not_go_on_from_it(other: str, tmp_path: Path) -> None:
    context = replace(CONTEXT, checkpoints=tmp_path)
    with pytest.raises(Died):
        train(small_network(), make_rows(), None, squared, SETTINGS, replace(context, watch=DyingAt(4)), "f")
    module = small_network(dropout=0.1 if other == "module" else 0.3)
    settings = replace(SETTINGS, clip_norm=2.0) if other == "settings" else SETTINGS
    context = replace(context, seed=6) if other == "seed" else context
    rows = make_rows()
    train(module, rows, None, squared, settings, context, "g" if other == "fingerprint" else "f")
    assert len(rows.asked) == 6 * 7


def test_a_loss_that_is_no_number_from_the_start_is_refused_with_a_sentence() -> None:
    rows = replace(make_rows(), target=np.full(200, np.nan))
    with pytest.raises(ConfigurationError, match="lower learning_rate"):
        train(small_network(), rows, None, squared, SETTINGS, CONTEXT, "")


def test_a_loss_that_becomes_no_number_ends_the_training_with_the_best_weights_before() -> None:
    rows = make_rows()

    def bursting(output: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return squared(output, target, weight) * (float("nan") if len(rows.asked) > 14 else 1.0)

    trained = train(small_network(), rows, None, bursting, SETTINGS, CONTEXT, "")
    assert (trained.best_epoch, len(trained.history)) == (2, 3)
    assert all(torch.isfinite(tensor).all() for tensor in trained.state.values())
