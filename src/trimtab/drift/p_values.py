"""Could this distance be chance? Answers for a given number of effective, independent rows."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri, kolmogorov


def kolmogorov_smirnov_p_value(statistic: float, n_reference: float, n_current: float) -> float:
    """Probability of a statistic this large without drift; sizes are effective rows and may be fractions.

    Kolmogorov's limit with Stephens' small-sample correction (Stephens, Journal of the Royal
    Statistical Society B 32, 1970; Numerical Recipes, section 14.3.3). With ties it is conservative.

    >>> round(kolmogorov_smirnov_p_value(0.2, 100, 100), 3)
    0.031
    """
    size = np.sqrt(n_reference * n_current / (n_reference + n_current))
    return float(kolmogorov((size + 0.12 + 0.11 / size) * statistic))


def psi_critical_value(n_bins: int, n_reference: float, n_current: float, level: float = 0.05) -> float:
    """The PSI that undrifted samples exceed with probability `level`; sizes are effective rows.

    Without drift PSI / (1/n + 1/m) is near chi-squared with n_bins - 1 degrees of freedom (Yurdakul and
    Naranjo, Statistical Properties of the Population Stability Index, Journal of Risk Model Validation, 2020).
    The usual alarm at 0.25 knows nothing of sample size: ten bins and 20 effective rows exceed it by chance.

    >>> round(psi_critical_value(10, 2000, 500), 4)
    0.0423
    """
    if n_bins < 2:
        return 0.0
    return float(chdtri(n_bins - 1, level) * (1.0 / n_reference + 1.0 / n_current))
