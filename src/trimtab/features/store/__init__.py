"""The feature store: what has been computed, on disk, and how it is read back.

A table per family and series (`features/<family>/<series>.parquet`) with every row, and its newest row
in a small file for serving. A column carries the identity of the code that computed it, and one that
other code has computed is refused, so old and new numbers are never mixed. Here: layout, identity
and lineage of tables, writing, appending, reading whole tables, as-of matrices and newest rows, and
judging what is stored (quality, validation). Computing features belongs to the engine.
"""

from trimtab.features.store.appending import AppendReport, append_rows
from trimtab.features.store.code_identity import identities, identity
from trimtab.features.store.layout import KEYS, block_table, table_name
from trimtab.features.store.matrices import FeatureMatrix, MatrixReader, matrix
from trimtab.features.store.online import LatestRow, latest_row
from trimtab.features.store.origin import Lineage, MadeFrom, lineage
from trimtab.features.store.scores import QualityScore, RowQuality, quality, row_quality, table_quality
from trimtab.features.store.table import read_event_times, read_features, stored_series, write_family
from trimtab.features.store.validation import (
    Finding,
    Limits,
    ValidationReport,
    ValidationSummary,
    summarise,
    validate,
    validate_row,
)

__all__ = [
    "KEYS",
    "AppendReport",
    "FeatureMatrix",
    "Finding",
    "LatestRow",
    "Limits",
    "Lineage",
    "MadeFrom",
    "MatrixReader",
    "QualityScore",
    "RowQuality",
    "ValidationReport",
    "ValidationSummary",
    "append_rows",
    "block_table",
    "identities",
    "identity",
    "latest_row",
    "lineage",
    "matrix",
    "quality",
    "read_event_times",
    "read_features",
    "row_quality",
    "stored_series",
    "summarise",
    "table_name",
    "table_quality",
    "validate",
    "validate_row",
    "write_family",
]
