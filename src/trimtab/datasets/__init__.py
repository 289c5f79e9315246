"""Point-in-time datasets: features, labels, weights and label intervals, frozen and fingerprinted.

Here what looks back (features) meets what looks forward (labels), once and in one place.
Splitting into folds belongs to `trimtab.validation`; fitting anything to `trimtab.models`.
"""

from trimtab.datasets.schema import Dataset

__all__ = ["Dataset"]
