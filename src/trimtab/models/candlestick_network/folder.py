"""A network in a folder: its files by content, and one line that names the manifest."""

from __future__ import annotations

from pathlib import Path

from trimtab.errors import ArtifactError, NotFoundError
from trimtab.models.candlestick_network.network import CandlestickNetwork
from trimtab.models.candlestick_network.stored import load_network, store_network
from trimtab.models.candlestick_network.windows import Windows
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.atomic import write_text

NAME = "network.sha256"
_LONGEST = 200  # bytes of a file that holds 64 digits


def save_to(folder: Path, network: CandlestickNetwork, windows: Windows) -> str:
    """Store a network in a folder, proven in a fresh process, and return the SHA-256 of its manifest.

    One stored there before stays until its files are deleted; the folder then names the new one.
    """
    digest = store_network(ArtifactStore(folder), network, windows, in_fresh_process=True)
    write_text(folder / NAME, digest + "\n")
    return digest


def load_from(folder: Path) -> CandlestickNetwork:
    """Load the network a folder names; `NotFoundError` where it names none, else as `load_network`."""
    path = folder / NAME
    if not path.is_file():
        raise NotFoundError(
            f"'{folder}' holds no candlestick network ({NAME} is not there); train one: trimtab models patterns train --out {folder}"
        )
    content = path.read_bytes()[:_LONGEST]
    try:
        digest = content.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise ArtifactError(f"'{path}' is damaged: it must hold one SHA-256; train the network again") from error
    return load_network(ArtifactStore(folder), digest)
