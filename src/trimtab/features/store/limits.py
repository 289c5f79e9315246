"""From when on a lack is a warning, and from when on it is critical."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.errors import ConfigurationError


@dataclass(frozen=True)
class Limits:
    """What is still good enough.

    Attributes
    ----------
    completeness_warning, completeness_critical: shares of the expected values; below them is a warning,
        or critical.
    behind_warning, behind_critical: bars that the market should have given after the newest row; from
        that many on it is a warning, or critical. One bar behind is how every series looks while its next
        stage runs, so it warns; three are a broken feed.
    """

    completeness_warning: float = 0.99
    completeness_critical: float = 0.90
    behind_warning: int = 1
    behind_critical: int = 3

    def __post_init__(self) -> None:
        if not 0.0 <= self.completeness_critical <= self.completeness_warning <= 1.0:
            raise ConfigurationError(
                f"completeness limits must be shares with critical <= warning, not {self.completeness_critical} and {self.completeness_warning}"
            )
        if not 1 <= self.behind_warning <= self.behind_critical:
            raise ConfigurationError(
                f"limits of bars behind must be 1 <= warning <= critical, not {self.behind_warning} and {self.behind_critical}"
            )


DEFAULT_LIMITS = Limits()
