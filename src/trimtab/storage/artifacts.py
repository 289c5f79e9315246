"""Model files by content: the name of a blob is the SHA-256 of its bytes.

Every read checks the hash before anybody parses a byte, because three flipped bytes crash one
booster's parser and load silently in another's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from trimtab.errors import IntegrityError, NotFoundError
from trimtab.storage.atomic import write_bytes
from trimtab.storage.hashing import sha256_bytes

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ArtifactStore:
    """A folder of blobs named by their SHA-256, two levels deep.

    >>> import tempfile
    >>> store = ArtifactStore(Path(tempfile.mkdtemp()))
    >>> digest = store.put(b"model")
    >>> store.get(digest)
    b'model'
    """

    root: Path

    def path(self, digest: str) -> Path:
        """The file that holds a blob."""
        if not _SHA256.fullmatch(digest):
            raise IntegrityError(f"'{digest}' is not a SHA-256 in 64 hex digits")
        return self.root / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """Store bytes and return their SHA-256; storing the same bytes again does nothing."""
        digest = sha256_bytes(content)
        path = self.path(digest)
        # A damaged blob under the right name is healed by writing the true bytes over it.
        if not path.is_file() or sha256_bytes(path.read_bytes()) != digest:
            write_bytes(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """Read a blob whose bytes are verified; `IntegrityError` when they have changed."""
        path = self.path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"artifact {digest[:12]} is not in {self.root}") from None
        found = sha256_bytes(content)
        if found != digest:
            raise IntegrityError(
                f"artifact {path} is damaged: its SHA-256 is {found[:12]}..., registered was "
                f"{digest[:12]}...; restore the file from a backup or train again"
            )
        return content

    def is_intact(self, digest: str) -> bool:
        """Whether a blob of that name exists and its bytes are the registered ones."""
        return self.has(digest) and sha256_bytes(self.path(digest).read_bytes()) == digest

    def has(self, digest: str) -> bool:
        """Whether a blob of that name exists (its bytes are checked only by `get`)."""
        return self.path(digest).is_file()
