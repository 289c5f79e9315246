"""Files of a model inside a model: a folder per inner model, written as a prefix of the names."""

from __future__ import annotations

from collections.abc import Mapping


def nested(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of an inner model under a folder.

    >>> nested("member_0", {"model.json": b"{}"})
    {'member_0/model.json': b'{}'}
    """
    return {f"{folder}/{name}": content for name, content in files.items()}


def inner_files(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files under a folder, without its name."""
    prefix = f"{folder}/"
    return {name.removeprefix(prefix): content for name, content in files.items() if name.startswith(prefix)}
