"""Fingerprints: the same content gives the same hash, on any run and any machine.

Arrays are hashed by their values in a fixed byte order, never by the bytes of a file, so that
another compression or library version changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def sha256_bytes(content: bytes) -> str:
    """SHA-256 of bytes, as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text.

    >>> canonical_json({"b": 1, "a": [1.5, None]})
    '{"a":[1.5,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def fingerprint_json(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value."""
    return sha256_bytes(canonical_json(value).encode())


def fingerprint_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of named numpy arrays: names, types, shapes and values, in the order given.

    Object arrays are refused; NaN payloads and the sign of zero count as values.
    """
    import numpy as np

    digest = hashlib.sha256()
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array '{name}' holds Python objects, which have no stable bytes")
        ordered = array.astype(array.dtype.newbyteorder("<"), order="F", copy=False)
        digest.update(f"{name}|{ordered.dtype.str}|{array.shape}|".encode())
        digest.update(np.ascontiguousarray(ordered.T).view(np.uint8).data)  # times have no buffer of their own
    return digest.hexdigest()


def fingerprint_table(table: pa.Table) -> str:
    """SHA-256 of an Arrow table: column names, types, nulls and values, row by row order kept."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.columns, strict=True):
        digest.update(f"{field.name}|{field.type}|{len(column)}|".encode())
        values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        if values.null_count:
            digest.update(pc.is_null(values).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            for text in values.to_pylist():
                encoded = b"" if text is None else text.encode()
                digest.update(len(encoded).to_bytes(4, "little") + encoded)
        else:
            filled = values.fill_null(_zero(values.type)) if values.null_count else values
            digest.update(filled.to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()


def _zero(kind: pa.DataType) -> Any:
    import pyarrow as pa

    return pa.scalar(0, type=pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.scalar(0).cast(kind)
