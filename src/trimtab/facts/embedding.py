"""Embedding a text: a point whose neighbours use the same words.

`TextEmbedder` is what an embedder must do. `HashedEmbedder` needs no model and no fit, hence nothing that could have
seen the future: every word and pair of neighbouring words has a fixed random direction, and a text is their sum.
`NoEmbedder` gives points of no dimension. Another embedder is one more line in `EMBEDDERS`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np

from trimtab.errors import ConfigurationError, UnknownNameError

DIMENSION = 8
SEED = 1

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NO_CONTENT = re.compile(
    r"https?://\S+|\$\s?[A-Za-z][A-Za-z.]{0,6}\b|@\w+|\bAT_USER\b|\bURL\b"
)  # links, tickers, people
# Words without a subject of their own would make all texts neighbours.
_LITTLE_WORDS = """
    a an the this that these those it its he she they we you i me my our your their them us him her his and or but
    if so as of at by for from in into on onto out over to up with is are was were be been am do does did has have
    had will would can could should may might not no than then there here what which who when where why how just rt
"""
_LITTLE = frozenset(_LITTLE_WORDS.split())


class TextEmbedder(Protocol):
    """Turns texts into points: without a network, and the same for the same text in every process."""

    @property
    def name(self) -> str:
        """Name, version and dimension."""

    @property
    def dimension(self) -> int:
        """Coordinates of a point."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """n texts as points of length one, float32 of shape (n, dimension); zeros where a text has no words."""


class HashedEmbedder:
    """Words and pairs of words, projected at random.

    Each has a direction of +-1 in every coordinate, taken from its hash; a text is the sum over its distinct words
    and pairs, brought to length one. The cosine of two points estimates that of their bags of words with a standard
    error of about 1 / sqrt(dimension): it tells kindred texts from others on average, not one by one.
    Source: random projections of Achlioptas (2003) on the hashed features of Weinberger et al. (2009).

    >>> one, other = HashedEmbedder().embed(["Profit warning at Acme", "acme: profit WARNING"])
    >>> len(one), round(float(one @ one), 6), bool(one @ other > 0.5)
    (8, 1.0, True)
    """

    def __init__(self, dimension: int = DIMENSION, seed: int = SEED) -> None:
        if not 1 <= dimension <= 512:
            raise ConfigurationError(f"a hashed embedding has between 1 and 512 dimensions, not {dimension}")
        self.dimension = dimension
        self._seed = seed

    @property
    def name(self) -> str:
        """`hashed-1-8`: version of the words, seed as version of the directions, dimension."""
        return f"hashed-{self._seed}-{self.dimension}"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Points of the texts; a text said twice is embedded once."""
        points = {text: self._point(text) for text in dict.fromkeys(texts)}
        out = np.empty((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            out[row] = points[text]
        return out

    def _point(self, text: str) -> np.ndarray:
        total = np.zeros(self.dimension)
        for each in _words_and_pairs(text):
            total += _direction(each, self.dimension, self._seed)
        length = np.sqrt(total @ total)
        return total / length if length > 0.0 else total


class NoEmbedder:
    """Points of no dimension: nothing is embedded.

    >>> NoEmbedder().embed(["anything"]).shape
    (1, 0)
    """

    name = "none"
    dimension = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """An array of shape (n, 0)."""
        return np.empty((len(texts), 0), np.float32)


EMBEDDERS: dict[str, Callable[[], TextEmbedder]] = {"hashed": HashedEmbedder, "none": NoEmbedder}


def embedder_named(name: str) -> TextEmbedder:
    """The embedder of a name in `EMBEDDERS`; `UnknownNameError` for another."""
    if name not in EMBEDDERS:
        raise UnknownNameError("text embedder", name, EMBEDDERS)
    return EMBEDDERS[name]()


def _words_and_pairs(text: str) -> list[str]:
    """Distinct words and pairs of neighbours, in order of appearance: a sum of floats has an order.

    >>> _words_and_pairs("The profit of $ACME: a profit warning")
    ['profit', 'warning', 'profit profit', 'profit warning']
    """
    words = [w for w in _WORD.findall(_NO_CONTENT.sub(" ", text).lower()) if w not in _LITTLE]
    pairs = [" ".join(pair) for pair in pairwise(words)]
    return list(dict.fromkeys(words + pairs))


@lru_cache(maxsize=100_000)
def _direction(word: str, dimension: int, seed: int) -> np.ndarray:
    digest = hashlib.blake2b(
        word.encode("utf-8", "replace"), digest_size=-(-dimension // 8), key=seed.to_bytes(8, "big")
    )
    bits = np.unpackbits(np.frombuffer(digest.digest(), np.uint8))[:dimension]
    return 2.0 * bits - 1.0
