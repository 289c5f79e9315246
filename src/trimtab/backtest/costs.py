"""What trading costs: commission, slippage, market impact and borrow, each 0 unless asked for.

One set of numbers, named as in the `[backtest]` section of a strategy file. For a fill of Q units (positive buys)
at the quoted price P:

    paid price   P x (1 + sign(Q) x (slippage_bps / 1e4 + impact x sigma x sqrt(|Q| / V)))
    commission   |Q| x paid price x commission_bps / 1e4 + |Q| x F x commission_per_share + commission_per_trade

F is what prices were multiplied with to adjust them, 1 for prices as they were traded: Q units at the adjusted price
P were Q x F shares at P / F, which is the same money. So a later split or dividend changes no cost of the past.

sigma is the volatility of a bar and V the mean volume of a bar, over the 20 bars of the instrument before the
fill (`impact`): the square-root law of market impact (Tóth et al. 2011). It is the same law whether both are taken
per bar or per day, because sigma grows with the square root of time and V with time. Where either is
unknown the order waits.
Short positions pay `borrow_bps_per_year` on their value at the last close, for the time until the next bar opens.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from trimtab.backtest.ledger import Rates
from trimtab.config.strategy import Backtest
from trimtab.errors import ConfigurationError

COST_KINDS = ("commission", "slippage", "impact", "borrow")


@dataclass(frozen=True)
class Costs:
    """All frictions of a simulation; by default there are none.

    Attributes
    ----------
    commission_bps: of the traded value, per side.
    commission_per_share: money per share, counted as it was traded (see `market.Prices.factor`).
    commission_per_trade: money per fill; an order that fills over several bars pays it in each.
    slippage_bps: buys fill this much above the quoted price, sales below it.
    max_volume_share: a bar fills at most this share of its volume; the rest of the order waits for the next bars.
    impact: coefficient of the square-root law; 0 is none, about 1 is what studies of equities find.
    borrow_bps_per_year: of the value of short positions.
    """

    commission_bps: float = 0.0
    commission_per_share: float = 0.0
    commission_per_trade: float = 0.0
    slippage_bps: float = 0.0
    max_volume_share: float | None = None
    impact: float = 0.0
    borrow_bps_per_year: float = 0.0

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name != "max_volume_share"):
            value = getattr(self, name)
            if not 0.0 <= value < float("inf"):
                raise ConfigurationError(f"{name} is {value}; costs must be finite and not negative")
        for name in ("commission_bps", "slippage_bps"):
            if getattr(self, name) >= 1e4:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}; give less than 10000 basis points per side, which are all of the "
                    "traded value"
                )
        if self.max_volume_share is not None and not 0.0 < self.max_volume_share <= 1.0:
            raise ConfigurationError(
                f"max_volume_share is {self.max_volume_share}; give a share above 0 and up to 1, or leave it away for no limit"
            )

    @property
    def needs_volume(self) -> bool:
        """Whether the volume of bars must be known."""
        return self.max_volume_share is not None or self.impact > 0.0

    def rates(self) -> Rates:
        """The numbers that the kernel computes with.

        >>> Costs(commission_bps=5.0).rates().commission
        0.0005
        """
        return Rates(
            commission=self.commission_bps / 1e4,
            per_share=float(self.commission_per_share),
            per_trade=float(self.commission_per_trade),
            slippage=self.slippage_bps / 1e4,
            volume_share=float("inf") if self.max_volume_share is None else float(self.max_volume_share),
            impact=float(self.impact),
            borrow=self.borrow_bps_per_year / 1e4,
        )


def basis_points(commission_bps: float = 0.0, slippage_bps: float = 0.0) -> Costs:
    """Costs as shares of the traded value, per side.

    >>> basis_points(5.0).slippage_bps
    0.0
    """
    return Costs(commission_bps=commission_bps, slippage_bps=slippage_bps)


def costs_from(config: Backtest) -> Costs:
    """The costs a strategy file asks for: every friction has one name in both."""
    return Costs(**{field.name: getattr(config, field.name) for field in fields(Costs)})
