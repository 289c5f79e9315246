"""The leak certificate of features: changing or removing the future must not change one bit of the past.

`certify` compares, with leaks planted beside the features so that a blind check is noticed;
`check_isolation` proves that an instrument has the same numbers in any company; `certify_whole` does both,
each feature on bars at which its facts were told. Add a way to see the future as a planted leak in `canaries.py`. Leaks of labels, folds and
datasets, and the stored document, are in `trimtab.monitoring`.
"""

from trimtab.features.leaks.certify import certify, certify_function
from trimtab.features.leaks.findings import CanaryFinding, LeakCertificate, LeakFinding
from trimtab.features.leaks.futures import FUTURES, World, changed_futures
from trimtab.features.leaks.isolation import IsolationFinding, check_isolation
from trimtab.features.leaks.stretch import by_needs, newest_stretch
from trimtab.features.leaks.whole import WholeCertificate, certify_whole

__all__ = [
    "FUTURES",
    "CanaryFinding",
    "IsolationFinding",
    "LeakCertificate",
    "LeakFinding",
    "WholeCertificate",
    "World",
    "by_needs",
    "certify",
    "certify_function",
    "certify_whole",
    "changed_futures",
    "check_isolation",
    "newest_stretch",
]
