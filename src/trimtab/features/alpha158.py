"""Alpha158: Qlib's feature set, equal to its values."""

from __future__ import annotations
