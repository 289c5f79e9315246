"""What trading costs: commission and slippage, each with its null object.

`units` is signed (positive buys), `price` the quoted price; both arrays of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from trimtab.config.strategy import Backtest
from trimtab.errors import ConfigurationError


class CommissionModel(Protocol):
    """Money paid for a fill."""

    def commission(self, units: np.ndarray, price: np.ndarray) -> np.ndarray:
        """Money, not negative, per fill."""
        ...


class SlippageModel(Protocol):
    """How far from the quoted price a fill happens."""

    def fill_price(self, units: np.ndarray, price: np.ndarray) -> np.ndarray:
        """The price paid or received, never better than quoted."""
        ...


@dataclass(frozen=True)
class BasisPointsCommission:
    """A share of the traded value, in hundredths of a per cent.

    >>> float(BasisPointsCommission(20.0).commission(np.array(-10.0), np.array(50.0)))
    1.0
    """

    bps: float

    def __post_init__(self) -> None:
        _not_negative("commission_bps", self.bps)

    def commission(self, units: np.ndarray, price: np.ndarray) -> np.ndarray:
        return np.abs(units) * price * (self.bps / 1e4)


@dataclass(frozen=True)
class NoCommission:
    """Fills are free."""

    def commission(self, units: np.ndarray, price: np.ndarray) -> np.ndarray:
        return np.zeros(np.broadcast_shapes(np.shape(units), np.shape(price)))


@dataclass(frozen=True)
class FixedBasisPoints:
    """Buys fill above the quoted price and sells below it, by a fixed share.

    >>> FixedBasisPoints(10.0).fill_price(np.array([1.0, -1.0]), np.array([100.0, 100.0])).tolist()
    [100.1, 99.9]
    """

    bps: float

    def __post_init__(self) -> None:
        _not_negative("slippage_bps", self.bps)

    def fill_price(self, units: np.ndarray, price: np.ndarray) -> np.ndarray:
        return price * (1.0 + np.sign(units) * (self.bps / 1e4))


@dataclass(frozen=True)
class NoSlippage:
    """Fills happen at the quoted price."""

    def fill_price(self, units: np.ndarray, price: np.ndarray) -> np.ndarray:
        return price


@dataclass(frozen=True)
class Costs:
    """All frictions of a simulation; by default there are none."""

    commission: CommissionModel = field(default_factory=NoCommission)
    slippage: SlippageModel = field(default_factory=NoSlippage)


def basis_points(commission_bps: float = 0.0, slippage_bps: float = 0.0) -> Costs:
    """Costs as shares of the traded value, per side.

    >>> basis_points(5.0).slippage
    NoSlippage()
    """
    return Costs(
        BasisPointsCommission(commission_bps) if commission_bps else NoCommission(),
        FixedBasisPoints(slippage_bps) if slippage_bps else NoSlippage(),
    )


def costs_from(config: Backtest) -> Costs:
    """The costs a strategy file asks for."""
    return basis_points(config.commission_bps, config.slippage_bps)


def _not_negative(name: str, bps: float) -> None:
    if not bps >= 0.0:
        raise ConfigurationError(f"{name} is {bps}; costs must not be negative")
