"""A trained network as files that hold data only, each proven by its SHA-256 before a parser sees it.

As with every model of trimtab: `model.json` describes, `weights.safetensors` holds the numbers, golden windows
tell whether a loaded model still says what it said, and the SHA-256 of the manifest names them all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models import description
from trimtab.models.artifacts import FORMAT, PARITY_TIMEOUT_SECONDS, read_manifest
from trimtab.models.candlestick_network.network import CandlestickNetwork, Shape
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.split import Split
from trimtab.models.candlestick_network.windows import COLUMNS, WINDOW, Windows
from trimtab.models.description import Description, read_description
from trimtab.models.golden import LOAD_TOLERANCE
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import canonical_json

FAMILY = "candlestick_network"
WEIGHTS, GOLDEN = "weights.safetensors", "golden.safetensors"
FILES = frozenset({description.FILE, WEIGHTS, GOLDEN})
_N_GOLDEN = 12


def store_network(
    artifacts: ArtifactStore, network: CandlestickNetwork, windows: Windows, *, in_fresh_process: bool = False
) -> str:
    """Store a network and return the SHA-256 of its manifest, which names it.

    `windows` give the golden ones. The network is read back and must say the same of them bit for bit;
    with `in_fresh_process` another Python does so too, which costs a few seconds.
    """
    files = network_files(network) | {GOLDEN: _golden_file(network, golden_windows(windows))}
    digests = {name: {"sha256": artifacts.put(c), "size_bytes": len(c)} for name, c in sorted(files.items())}
    manifest = {
        "format": FORMAT,
        "family": FAMILY,
        "task": "classification",
        "feature_names": list(COLUMNS),
        "files": digests,
    }
    digest = artifacts.put(canonical_json(manifest).encode())  # last: a manifest names only what exists
    load_network(artifacts, digest, tolerance=0.0)
    if in_fresh_process:
        _verify_in_fresh_process(artifacts, digest)
    return digest


def load_network(artifacts: ArtifactStore, digest: str, *, tolerance: float = LOAD_TOLERANCE) -> CandlestickNetwork:
    """Load a network that is proven to be the stored one.

    Raises `NotFoundError` for a file that is gone, `IntegrityError` for one that has changed, `ArtifactError` for
    one that is not allowed, cannot be read, or says something else of the golden windows.
    """
    manifest = read_manifest(artifacts, digest)
    if manifest["family"] != FAMILY:
        raise ArtifactError(
            f"artifact {digest[:12]} is a model of family '{manifest['family']}', not a {FAMILY}; name another one"
        )
    if set(manifest["files"]) != FILES:
        raise ArtifactError(f"the network has the files {sorted(manifest['files'])}; it must have {sorted(FILES)}")
    files = {name: artifacts.get(entry["sha256"]) for name, entry in manifest["files"].items()}
    network = network_from(files)
    _verify_golden(network, _tensors(files, GOLDEN), tolerance)
    return network


def network_files(network: CandlestickNetwork) -> dict[str, bytes]:
    """The network without its golden windows; the same network gives the same bytes."""
    learned = {
        "patterns": list(PATTERNS),
        "thresholds": network.thresholds.tolist(),
        "window": WINDOW,
        "split": network.split.to_json(),
        "training": dict(network.training),
    }
    described = Description(FAMILY, "classification", COLUMNS, asdict(network.shape), learned)
    arrays = {name: np.ascontiguousarray(each) for name, each in sorted(network.weights.items())}
    return {description.FILE: described.to_bytes(), WEIGHTS: write_tensors(arrays)}


def network_from(files: Mapping[str, bytes]) -> CandlestickNetwork:
    """Rebuild a network from its files, whose hashes have been checked already; `ArtifactError` when they are damaged."""
    described = read_description(files, FAMILY)
    learned = described.learned
    try:
        patterns, window = list(learned["patterns"]), learned["window"]
        thresholds = np.asarray(learned["thresholds"], dtype=np.float64)
        shape = Shape(**described.parameters)
        split, training = Split.from_json(learned["split"]), dict(learned["training"])
    except (KeyError, TypeError, ValueError, ConfigurationError) as error:
        raise ArtifactError(f"the network's description is damaged ({error!r}); train it again") from error
    if (patterns, window, thresholds.shape) != (list(PATTERNS), WINDOW, (len(PATTERNS),)):
        raise ArtifactError(
            f"the network tells {len(patterns)} patterns from {window} bars, this trimtab {len(PATTERNS)} from {WINDOW}; train it again"
        )
    weights = _tensors(files, WEIGHTS)
    if any(each.dtype != np.float32 for each in weights.values()):
        raise ArtifactError(f"the network's {WEIGHTS} must hold float32 numbers; train it again")
    network = CandlestickNetwork(shape, weights, thresholds, split, training)
    network.check()
    return network


def golden_windows(windows: Windows) -> np.ndarray:
    """A few windows spread over the given ones, then hard ones; float64, shape (at most 16, 20, 5).

    The hard ones: a price that never moves, no volume, an enormous unit, and a window with a value unknown.
    """
    rows = np.unique(np.linspace(0, len(windows) - 1, min(_N_GOLDEN, len(windows))).round().astype(np.int64))
    spread = windows.cut(rows)
    still, silent, huge, unknown = (spread[:1].copy() for _ in range(4))
    still[:, :, :4] = still[:, :1, :1]
    silent[:, :, 4] = 0.0
    huge *= 1e200
    unknown[:, 3, 2] = np.nan
    return np.concatenate([spread, still, silent, huge, unknown])


def main(arguments: list[str]) -> int:
    """`python -m ... STORE DIGEST`: 0 when the golden windows are told bit for bit as stored, 1 and a sentence otherwise."""
    from pathlib import Path

    try:
        load_network(ArtifactStore(Path(arguments[0])), arguments[1], tolerance=0.0)
    except ArtifactError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _golden_file(network: CandlestickNetwork, windows: np.ndarray) -> bytes:
    return write_tensors({"probability": network.probabilities(windows), "windows": windows})


def _verify_golden(network: CandlestickNetwork, golden: Mapping[str, np.ndarray], tolerance: float) -> None:
    try:
        windows, stored = golden["windows"], golden["probability"]
        told = network.probabilities(windows)
        same = (np.abs(told - stored) <= tolerance) | (np.isnan(told) & np.isnan(stored))
    except (KeyError, ValueError, ConfigurationError) as error:
        raise ArtifactError(f"the network's {GOLDEN} is damaged ({error}); train it again") from error
    if not same.all():
        row, column = (int(each[0]) for each in np.nonzero(~same))
        raise ArtifactError(
            f"the network loads but says {told[row, column]!r} of {PATTERNS[column]} in golden window {row}, where it said "
            f"{stored[row, column]!r} when stored; another library version or processor computes differently, train it again here"
        )


def _tensors(files: Mapping[str, bytes], name: str) -> dict[str, np.ndarray]:
    try:
        tensors: dict[str, np.ndarray] = read_tensors(files[name])
    except (SafetensorError, KeyError, TypeError) as error:
        raise ArtifactError(f"the network's {name} is missing or damaged ({error}); train it again") from error
    return tensors


def _verify_in_fresh_process(artifacts: ArtifactStore, digest: str) -> None:
    command = [sys.executable, "-m", __name__, str(artifacts.root.absolute()), digest]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PARITY_TIMEOUT_SECONDS, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
        raise ArtifactError(f"network {digest[:12]} does not load the same in a fresh process: {reason}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
