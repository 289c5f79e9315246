from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trimtab.storage.hashing import fingerprint_arrays, fingerprint_table


def test_memory_order_and_byte_order_do_not_count_but_every_value_does() -> None:
    values = np.arange(12.0).reshape(3, 4)
    base = fingerprint_arrays({"x": values})
    assert fingerprint_arrays({"x": np.asfortranarray(values)}) == base
    assert fingerprint_arrays({"x": values.astype(">f8")}) == base
    changed = values.copy()
    changed[2, 3] = np.nextafter(changed[2, 3], 99)
    assert fingerprint_arrays({"x": changed}) != base
    assert fingerprint_arrays({"y": values}) != base
    assert fingerprint_arrays({"x": values.reshape(4, 3)}) != base


def test_python_objects_have_no_fingerprint() -> None:
    with pytest.raises(TypeError, match="'x' holds Python objects"):
        fingerprint_arrays({"x": np.array([{}])})


def test_a_table_is_hashed_by_value_not_by_chunks() -> None:
    whole = pa.table({"a": pa.array([1.0, None, 3.0]), "s": ["x", None, "zz"]})
    parts = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert fingerprint_table(whole) == fingerprint_table(parts)


@pytest.mark.parametrize(
    "other",
    [
        pa.table({"a": pa.array([1.0, 0.0, 3.0]), "s": ["x", None, "zz"]}),
        pa.table({"a": pa.array([1.0, None, 3.0]), "s": ["x", "", "zz"]}),
        pa.table({"a": pa.array([1.0, None, 3.0]), "s": ["xz", None, "z"]}),
        pa.table({"b": pa.array([1.0, None, 3.0]), "s": ["x", None, "zz"]}),
    ],
)
def test_null_is_not_zero_and_text_does_not_run_together(other: pa.Table) -> None:
    assert fingerprint_table(pa.table({"a": pa.array([1.0, None, 3.0]), "s": ["x", None, "zz"]})) != fingerprint_table(
        other
    )
