"""Small stored models of every family, damaged at random; run as a program it loads forged ones in a loop.

A parser may kill its process, so the loop runs in a process of its own and writes down what it tries before it
tries it: `python -m fakes.forged_models FOLDER N_PER_FORMAT`.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError, FeatureError, NotFoundError
from trimtab.models import golden
from trimtab.models.artifacts import load_model, manifest_of, pack
from trimtab.models.families import FAMILIES, load_fitted, make_forecaster
from trimtab.models.golden import GoldenRows, golden_inputs
from trimtab.models.protocol import FitContext, FittedForecaster
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import canonical_json

MANIFEST = "manifest.json"
SMALL = {
    "lightgbm": {"n_estimators": 8},
    "xgboost": {"n_estimators": 8},
    "random_forest": {"n_estimators": 8},
    "dense": {"hidden": [8], "epochs": 2},
    "lstm": {"hidden": [8], "epochs": 2, "window": 4},
    "cnn": {"channels": [8], "epochs": 2, "window": 4},
    "tcn": {"channels": [8], "epochs": 2, "window": 4},
    "transformer": {"width": 8, "n_layers": 1, "epochs": 2, "window": 4},
    "ensemble": {"members": {"linear": 1.0, "naive": 1.0}},
    "preprocessed": {"selection": "k_best_f", "n_selected": 3},
    "confident": {"family": "linear", "confidence": {"calibration": "isotonic", "coverage": 0.8, "novelty": True}},
}


@cache
def packed(family: str) -> dict[str, bytes]:
    """The files of a small trained model of a family, golden rows and manifest among them."""
    dataset = make_dataset(240, history=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_forecaster(family, SMALL.get(family, {})).fit(dataset, None, FitContext(7, 1))
        files = pack(fitted, golden_inputs(fitted, dataset))
    return {**files, MANIFEST: canonical_json(manifest_of(fitted, files)).encode()}


def holders() -> dict[str, list[tuple[str, str]]]:
    """By format (the last part of a file's name): the families and files of that format, outermost folder only."""
    found: dict[str, list[tuple[str, str]]] = {}
    for family in sorted(FAMILIES):
        for name in sorted(packed(family)):
            if "/" not in name:
                found.setdefault(name, []).append((family, name))
    return found


def damaged(content: bytes, seed: int) -> bytes:
    """The content with one to four other bytes, cut short, or with a stretch left out or repeated.

    Every other time the new bytes are ones the content has elsewhere: a digit for a digit gets past a parser.
    """
    rng = np.random.default_rng(seed)
    forged = bytearray(content)
    start = int(rng.integers(0, len(content)))
    match seed % 6:
        case 0 | 2 | 4:
            for at in rng.integers(0, len(content), rng.integers(1, 3)):
                forged[at] = content[rng.integers(0, len(content))]
        case 1:
            for at in rng.integers(0, len(content), rng.integers(1, 5)):
                forged[at] ^= int(rng.integers(1, 256))
        case 3:
            del forged[start:]
        case 5:
            length = int(rng.integers(1, 40))
            forged[start : start + length] = forged[start : start + length] * int(rng.integers(0, 2) * 2)
    return bytes(forged) if bytes(forged) != content else content[:-1]


def try_forged(files: Mapping[str, bytes], name: str, content: bytes, folder: Path) -> str:
    """What becomes of a model one file of which is forged so that its hash is right: "refused" or "loaded"."""
    try:
        if name == MANIFEST:
            load_model(ArtifactStore(folder), ArtifactStore(folder).put(content))
        elif name == golden.FILE:
            GoldenRows.from_bytes(content)
        else:
            _ask(load_fitted({**files, name: content}), files)
    except ArtifactError:
        return "refused"
    except NotFoundError:
        if name != MANIFEST:  # only a manifest names other files
            raise
        return "refused"
    return "loaded"


def _ask(fitted: FittedForecaster, files: Mapping[str, bytes]) -> None:
    """Let a model that loaded forecast its golden rows, as the loader does; other inputs than those it may refuse."""
    with suppress(FeatureError):
        fitted.predict(GoldenRows.from_bytes(files[golden.FILE]).features)


def main(folder: Path, n_per_format: int) -> None:
    """Try them all; `tries.txt` ends with the one that killed the process, `outcome.json` has what became of them."""
    outcome: dict[str, dict[str, int]] = {}
    with (folder / "tries.txt").open("w") as tries, np.errstate(all="ignore"):
        for kind, places in holders().items():
            outcome[kind] = {"refused": 0, "loaded": 0}
            for seed in range(n_per_format):
                family, name = places[seed // 6 % len(places)]  # six kinds of damage, then the next model
                tries.write(f"{family} {name} {seed}\n")
                tries.flush()
                files = packed(family)
                outcome[kind][try_forged(files, name, damaged(files[name], seed), folder / "store")] += 1
    (folder / "outcome.json").write_text(json.dumps(outcome))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
