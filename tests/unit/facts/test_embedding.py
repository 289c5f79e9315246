"""Embeddings: fixed points of unit length, near each other where texts share words."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.facts.embedding import EMBEDDERS, HashedEmbedder, TextEmbedder, embedder_named

TEXTS = (
    "Acme raises its dividend",
    "Acme cuts jobs",
    "the chip shortage hits car makers",
    "Акме повышает дивиденды",
    "",
)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_every_embedder_gives_float32_points_of_its_dimension(name: str) -> None:
    embedder: TextEmbedder = embedder_named(name)
    points = embedder.embed(TEXTS)
    assert points.dtype == np.float32
    assert points.shape == (len(TEXTS), embedder.dimension)
    assert embedder.embed([]).shape == (0, embedder.dimension)
    assert embedder.name


def test_points_have_length_one_and_a_text_without_words_is_the_origin() -> None:
    points = HashedEmbedder().embed([*TEXTS, "$ACME https://example.org @someone", "the of and"])
    lengths = np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(lengths[:4], 1.0, rtol=1e-6)
    assert lengths[4:].tolist() == [0.0, 0.0, 0.0]


def test_a_point_depends_on_its_own_text_alone() -> None:
    together, alone = HashedEmbedder().embed(TEXTS), [HashedEmbedder().embed([text])[0] for text in TEXTS]
    assert together.tobytes() == np.array(alone).tobytes()


def test_another_process_gives_the_same_points_whatever_its_hash_seed() -> None:
    code = "from trimtab.facts.embedding import HashedEmbedder as H; print(H().embed(['Acme cuts jobs']).tolist())"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == str(HashedEmbedder().embed(["Acme cuts jobs"]).tolist())


def test_capitals_and_tickers_do_not_move_a_point_but_the_order_of_words_does() -> None:
    one, same, other = HashedEmbedder(64).embed(["Profit warning", "$ACME profit WARNING", "warning profit"])
    assert one.tolist() == same.tolist() != other.tolist()


def test_texts_that_share_words_are_nearer_than_those_that_do_not() -> None:
    topics = [["dividend", "payout", "yield", "shareholders"], ["recall", "battery", "fire", "safety"]]
    rng = np.random.default_rng(3)
    words = [[*rng.choice(topics[k % 2], 3, replace=False).tolist(), f"filler{k}"] for k in range(200)]
    points = HashedEmbedder().embed([" ".join(each) for each in words]).astype(np.float64)
    cosine = points @ points.T
    alike = np.add.outer(np.arange(200), np.arange(200)) % 2 == 0
    off = ~np.eye(200, dtype=bool)
    assert cosine[alike & off].mean() > cosine[~alike].mean() + 0.15


def test_the_cosine_of_many_dimensions_is_that_of_the_bags_of_words() -> None:
    one, other = HashedEmbedder(512).embed(["alpha beta", "alpha gamma"]).astype(np.float64)
    # One of three features (two words and their pair) is shared.
    assert abs(float(one @ other) - 1.0 / 3.0) < 4.0 / np.sqrt(512)


def test_a_seed_gives_other_directions_and_another_name() -> None:
    assert HashedEmbedder(seed=2).embed(TEXTS).tolist() != HashedEmbedder().embed(TEXTS).tolist()
    assert HashedEmbedder(seed=2).name != HashedEmbedder().name


@pytest.mark.parametrize("dimension", [0, -1, 513])
def test_a_dimension_out_of_range_is_refused(dimension: int) -> None:
    with pytest.raises(ConfigurationError, match="between 1 and 512"):
        HashedEmbedder(dimension)


def test_an_unknown_embedder_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="allowed: hashed, none"):
        embedder_named("bert")
