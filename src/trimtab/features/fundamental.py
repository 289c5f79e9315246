"""Fundamental: what filed accounts say of the price, as last filed by each decision.

Flows are of the last twelve months stated, levels of the last date stated (see `trimtab.facts.fundamentals`). A
price is set beside them by the market value: raw close times shares outstanding, both in the same shares.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.accounts import (
    Accounts,
    Formula,
    at_rows,
    growth,
    market_value,
    of_positive,
    share_of,
    splits_between,
)
from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio

NOT_FILED = (
    "a figure it needs was not filed yet, or is of a period that ended over 18 months ago or over 100 days before"
    " that of the newest accounts"
)
filed = partial(feature, "fundamental", inputs=("figures",), unknown_when=NOT_FILED)
priced = partial(feature, "fundamental", inputs=("close", "figures"), unknown_when=NOT_FILED)
_DAY = np.timedelta64(86_400_000_000, "us")


# Valuation: yields, because they stay finite and keep their order when profits fall below zero.


@priced("earnings_yield", "Net income of a year over the market value.", formula="net_income / market_value")
def earnings_yield(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.flow("net_income"))


@priced(
    "price_to_earnings", "Market value over the net income of a year.", formula="market_value / net_income",
    bounds=(0.0, None), unknown_when=f"there was no profit, or {NOT_FILED}",
)  # fmt: skip
def price_to_earnings(c: Context) -> np.ndarray:
    return _price_over(c, lambda a: a.now.flow("net_income"))


@priced("book_to_price", "Equity over the market value.", formula="equity / market_value")
def book_to_price(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.level("equity"))


@priced(
    "price_to_book", "Market value over equity.", formula="market_value / equity", bounds=(0.0, None),
    unknown_when=f"equity was not positive, or {NOT_FILED}",
)  # fmt: skip
def price_to_book(c: Context) -> np.ndarray:
    return _price_over(c, lambda a: a.now.level("equity"))


@priced("sales_yield", "Revenue of a year over the market value.", formula="revenue / market_value")
def sales_yield(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.flow("revenue"))


@priced(
    "free_cash_flow_yield", "Cash from operations less capital expenditures of a year over the market value.",
    formula="(operating_cash_flow - capital_expenditures) / market_value",
)  # fmt: skip
def free_cash_flow_yield(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.free_cash_flow())


@priced(
    "operating_cash_flow_yield", "Cash from operations of a year over the market value.",
    formula="operating_cash_flow / market_value",
)  # fmt: skip
def operating_cash_flow_yield(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.flow("operating_cash_flow"))


@priced(
    "ebitda_to_enterprise_value", "Profit before interest, tax and wear over the price of the company with its debt.",
    formula="(operating_income + depreciation_amortisation) / (market_value + debt - cash)",
    unknown_when=f"the company cost no more than its cash, or {NOT_FILED}",
)  # fmt: skip
def ebitda_to_enterprise_value(c: Context) -> np.ndarray:
    return of_positive(at_rows(c, lambda a: a.now.ebitda()), c.of(_enterprise_value, c))


@priced(
    "sales_to_enterprise_value", "Revenue of a year over the price of the company with its debt.",
    formula="revenue / (market_value + debt - cash)",
    unknown_when=f"the company cost no more than its cash, or {NOT_FILED}",
)  # fmt: skip
def sales_to_enterprise_value(c: Context) -> np.ndarray:
    return of_positive(at_rows(c, lambda a: a.now.flow("revenue")), c.of(_enterprise_value, c))


@priced(
    "price_earnings_to_growth", "Price-earnings ratio per percent of earnings growth.",
    formula="price_to_earnings / (100 earnings_growth)", bounds=(0.0, None),
    unknown_when=f"there was no profit or it did not grow, or {NOT_FILED}",
)  # fmt: skip
def price_earnings_to_growth(c: Context) -> np.ndarray:
    rise = at_rows(c, lambda a: a.growth("net_income"))
    return of_positive(_price_over(c, lambda a: a.now.flow("net_income")), 100.0 * rise)


@priced("log_market_value", "Logarithm of the market value: size.", formula="ln(close shares_outstanding)")
def log_market_value(c: Context) -> np.ndarray:
    return np.log(c.of(market_value, c))


@priced("net_cash_to_price", "Cash less debt over the market value.", formula="(cash - debt) / market_value")
def net_cash_to_price(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.level("cash") - a.now.debt())


@priced(
    "net_current_assets_to_price", "Current assets less all liabilities over the market value.",
    formula="(current_assets - liabilities) / market_value; Graham & Dodd 1934",
)  # fmt: skip
def net_current_assets_to_price(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.now.level("current_assets") - a.now.liabilities())


# Profitability.


@filed("gross_margin", "Gross profit over revenue of a year.", formula="gross_profit / revenue")
def gross_margin(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.now.gross_margin())


@filed("operating_margin", "Operating income over revenue of a year.", formula="operating_income / revenue")
def operating_margin(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.flow("operating_income"), a.now.flow("revenue")))


@filed("net_margin", "Net income over revenue of a year.", formula="net_income / revenue")
def net_margin(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.flow("net_income"), a.now.flow("revenue")))


@filed(
    "free_cash_flow_margin", "Free cash flow over revenue of a year.",
    formula="(operating_cash_flow - capital_expenditures) / revenue",
)  # fmt: skip
def free_cash_flow_margin(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.free_cash_flow(), a.now.flow("revenue")))


@filed(
    "research_intensity", "Research and development over revenue of a year.", formula="research_development / revenue"
)
def research_intensity(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.flow("research_development"), a.now.flow("revenue")))


@filed("return_on_assets", "Net income of a year over assets.", formula="net_income / assets")
def return_on_assets(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.now.return_on_assets())


@filed(
    "return_on_equity", "Net income of a year over equity.", formula="net_income / equity",
    unknown_when=f"equity was not positive, or {NOT_FILED}",
)  # fmt: skip
def return_on_equity(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.flow("net_income"), a.now.level("equity")))


@filed(
    "return_on_invested_capital", "Operating income after tax over what owners and lenders have put in.",
    formula="operating_income (1 - tax rate) / (equity + debt - cash), tax rate = income_tax / (net_income + income_tax)",
    unknown_when=f"the capital was not positive, or {NOT_FILED}",
)  # fmt: skip
def return_on_invested_capital(c: Context) -> np.ndarray:
    return at_rows(c, _return_on_invested_capital)


@filed(
    "gross_profit_to_assets", "Gross profit of a year over assets.", formula="gross_profit / assets; Novy-Marx 2013",
)  # fmt: skip
def gross_profit_to_assets(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.gross_profit(), a.now.level("assets")))


@filed("asset_turnover", "Revenue of a year over assets.", formula="revenue / assets", bounds=(0.0, None))
def asset_turnover(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.now.asset_turnover())


# Financial health.


@filed(
    "current_ratio", "Current assets over current liabilities.", formula="current_assets / current_liabilities",
    bounds=(0.0, None),
)  # fmt: skip
def current_ratio(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.now.current_ratio())


@filed(
    "quick_ratio", "Cash and receivables over current liabilities.",
    formula="(cash + receivables) / current_liabilities", bounds=(0.0, None),
)  # fmt: skip
def quick_ratio(c: Context) -> np.ndarray:
    return at_rows(
        c, lambda a: share_of(a.now.level("cash") + a.now.level("receivables"), a.now.level("current_liabilities"))
    )


@filed("cash_ratio", "Cash over current liabilities.", formula="cash / current_liabilities", bounds=(0.0, None))
def cash_ratio(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: share_of(a.now.level("cash"), a.now.level("current_liabilities")))


@filed(
    "debt_to_equity", "Debt over equity.", formula="(short_term_debt + long_term_debt) / equity", bounds=(0.0, None),
    unknown_when=f"equity was not positive, or {NOT_FILED}",
)  # fmt: skip
def debt_to_equity(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: share_of(a.now.debt(), a.now.level("equity")))


@filed("debt_to_assets", "Debt over assets.", formula="(short_term_debt + long_term_debt) / assets", bounds=(0.0, None))
def debt_to_assets(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: share_of(a.now.debt(), a.now.level("assets")))


@filed("equity_to_assets", "Equity over assets.", formula="equity / assets")
def equity_to_assets(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.level("equity"), a.now.level("assets")))


@filed(
    "interest_coverage", "How often operating income pays the interest.", formula="operating_income / interest_expense",
    unknown_when=f"no interest was paid, or {NOT_FILED}",
)  # fmt: skip
def interest_coverage(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.flow("operating_income"), a.now.flow("interest_expense")))


@priced(
    "altman_z", "Distance from bankruptcy: below 1.8 is distress, above 3 is safe.",
    formula="1.2 working capital/A + 1.4 retained_earnings/A + 3.3 operating_income/A + 0.6 market_value/liabilities"
    " + revenue/A, A = assets; Altman 1968",
)  # fmt: skip
def altman_z(c: Context) -> np.ndarray:
    owners = of_positive(c.of(market_value, c), at_rows(c, lambda a: a.now.liabilities()))
    return at_rows(c, _altman_of_accounts) + 0.6 * owners


# What shareholders get.


@priced(
    "dividend_yield", "Dividends paid in a year over the market value.", formula="dividends_paid / market_value",
    bounds=(0.0, None),
)  # fmt: skip
def dividend_yield(c: Context) -> np.ndarray:
    return share_of(at_rows(c, lambda a: a.now.flow("dividends_paid")), c.of(market_value, c))


@filed(
    "payout_ratio", "Dividends over net income of a year.", formula="dividends_paid / net_income", bounds=(0.0, None),
    unknown_when=f"there was no profit, or {NOT_FILED}",
)  # fmt: skip
def payout_ratio(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: share_of(a.now.flow("dividends_paid"), a.now.flow("net_income")))


@priced(
    "buyback_yield", "Own shares bought in a year over the market value.", formula="share_repurchases / market_value",
    bounds=(0.0, None),
)  # fmt: skip
def buyback_yield(c: Context) -> np.ndarray:
    return share_of(at_rows(c, lambda a: a.now.flow("share_repurchases")), c.of(market_value, c))


@priced(
    "shareholder_yield", "Dividends and own shares bought in a year over the market value.",
    formula="(dividends_paid + share_repurchases) / market_value", bounds=(0.0, None),
)  # fmt: skip
def shareholder_yield(c: Context) -> np.ndarray:
    return share_of(at_rows(c, lambda a: a.now.paid_out()), c.of(market_value, c))


# Growth against the twelve months before.


@filed("revenue_growth", "Change of a year's revenue.", formula="revenue / revenue a year before - 1")
def revenue_growth(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.growth("revenue"))


@filed(
    "earnings_growth", "Change of a year's net income as a share of its size.",
    formula="(net_income - net_income a year before) / |net_income a year before|",
)  # fmt: skip
def earnings_growth(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.growth("net_income"))


@filed(
    "cash_flow_growth", "Change of a year's cash from operations as a share of its size.",
    formula="(operating_cash_flow - same a year before) / |same a year before|",
)  # fmt: skip
def cash_flow_growth(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.growth("operating_cash_flow"))


@filed("asset_growth", "Change of assets in a year.", formula="assets / assets a year before - 1; Cooper et al. 2008")
def asset_growth(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: growth(a.now.level("assets"), a.before.level("assets")))


@filed(
    "shares_growth", "Change of the share count in a year, splits aside.", formula="shares / shares a year before - 1"
)
def shares_growth(c: Context) -> np.ndarray:
    return c.of(_shares_growth, c)


@filed(
    "quarterly_revenue_growth", "Change of a quarter's revenue against the same quarter a year before.",
    formula="revenue[q] / revenue[q - 4] - 1",
)  # fmt: skip
def quarterly_revenue_growth(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: growth(a.history.quarter("revenue"), a.history.quarter_before("revenue")))


@priced(
    "quarterly_earnings_change_to_price", "Change of a quarter's net income in a year over the market value.",
    formula="(net_income[q] - net_income[q - 4]) / market_value; seasonal random walk, Foster 1977",
)  # fmt: skip
def quarterly_earnings_change_to_price(c: Context) -> np.ndarray:
    return _to_price(c, lambda a: a.history.quarter("net_income") - a.history.quarter_before("net_income"))


# Quality of the accounts.


@filed(
    "piotroski_f_score", "How many of nine signs of health the accounts show.",
    formula="profit, cash flow, return on assets up, cash flow > profit, long-term debt / assets not up, current ratio up, "
    "no new shares, gross margin up, asset turnover up; Piotroski 2000, assets at the end of the year",
    bounds=(0.0, 9.0),
)  # fmt: skip
def piotroski_f_score(c: Context) -> np.ndarray:
    return at_rows(c, _signs_of_health) + 1.0 - _is_above(c.of(_shares_growth, c), np.zeros(len(c.close)))


@filed(
    "accruals_to_assets", "Profit that was not paid in cash, over mean assets: high is of low quality.",
    formula="(net_income - operating_cash_flow) / mean(assets, assets a year before); Sloan 1996, from the cash flow",
)  # fmt: skip
def accruals_to_assets(c: Context) -> np.ndarray:
    return at_rows(c, _accruals_to_assets)


@filed(
    "cash_conversion", "Cash from operations over net income of a year.", formula="operating_cash_flow / net_income",
    unknown_when=f"there was no profit, or {NOT_FILED}",
)  # fmt: skip
def cash_conversion(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: of_positive(a.now.flow("operating_cash_flow"), a.now.flow("net_income")))


@filed("gross_margin_change", "Gross margin less that of a year before.", formula="gross_margin - same a year before")
def gross_margin_change(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.now.gross_margin() - a.before.gross_margin())


@filed(
    "asset_turnover_change", "Revenue over assets less that of a year before.",
    formula="asset_turnover - same a year before",
)  # fmt: skip
def asset_turnover_change(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: a.now.asset_turnover() - a.before.asset_turnover())


@filed(
    "days_of_sales_index", "Receivables in days of revenue over those of a year before: above 1 sales are paid later.",
    formula="(receivables / revenue) / (same a year before); Beneish 1999", bounds=(0.0, None),
)  # fmt: skip
def days_of_sales_index(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: share_of(a.now.days_of_sales(), a.before.days_of_sales()))


@filed(
    "goodwill_to_assets", "Goodwill and other intangible assets over assets.", formula="goodwill_intangibles / assets",
    bounds=(0.0, None),
)  # fmt: skip
def goodwill_to_assets(c: Context) -> np.ndarray:
    return at_rows(c, lambda a: share_of(a.now.level("goodwill_intangibles"), a.now.level("assets")))


# Freshness.


@filed(
    "days_since_filing", "Days since figures were last filed.", formula="decision_time - newest known_time",
    bounds=(0.0, None), unknown_when="nothing was filed yet",
)  # fmt: skip
def days_since_filing(c: Context) -> np.ndarray:
    return (c.decision_time - at_rows(c, lambda a: a.history.newest)) / _DAY


@filed(
    "days_since_period_end", "Days since the end of the newest period that figures are about.",
    formula="decision_time - newest period_end", bounds=(0.0, None),
)  # fmt: skip
def days_since_period_end(c: Context) -> np.ndarray:
    return (c.decision_time - at_rows(c, lambda a: a.history.newest_period())) / _DAY


def _to_price(c: Context, formula: Formula) -> np.ndarray:
    return ratio(at_rows(c, formula), c.of(market_value, c), np.nan)


def _price_over(c: Context, formula: Formula) -> np.ndarray:
    return of_positive(c.of(market_value, c), at_rows(c, formula))


def _enterprise_value(c: Context) -> np.ndarray:
    return np.asarray(c.of(market_value, c) + at_rows(c, lambda a: a.now.debt() - a.now.level("cash")))


def _return_on_invested_capital(a: Accounts) -> np.ndarray:
    now = a.now
    tax = of_positive(now.flow("income_tax"), now.flow("net_income") + now.flow("income_tax"))
    stated = now.flow("net_income") + now.flow("income_tax")
    rate = np.where(stated > 0.0, np.clip(tax, 0.0, 1.0), np.where(np.isnan(stated), np.nan, 0.0))
    capital = now.level("equity") + now.debt() - now.level("cash")
    return of_positive(now.flow("operating_income") * (1.0 - rate), capital)


def _altman_of_accounts(a: Accounts) -> np.ndarray:
    """The terms of Altman's sum that no price enters into."""
    now = a.now
    working = now.level("current_assets") - now.level("current_liabilities")
    above = 1.2 * working + 1.4 * now.level("retained_earnings") + 3.3 * now.flow("operating_income")
    return of_positive(above + now.flow("revenue"), now.level("assets"))


def _signs_of_health(a: Accounts) -> np.ndarray:
    """How many of Piotroski's signs the accounts show, new shares aside."""
    now, before = a.now, a.before
    profit, cash = now.flow("net_income"), now.flow("operating_cash_flow")
    signs = [
        _is_above(profit, np.zeros(len(profit))),
        _is_above(cash, np.zeros(len(cash))),
        _is_above(now.return_on_assets(), before.return_on_assets()),
        _is_above(cash, profit),
        1.0 - _is_above(now.leverage(), before.leverage()),
        _is_above(now.current_ratio(), before.current_ratio()),
        _is_above(now.gross_margin(), before.gross_margin()),
        _is_above(now.asset_turnover(), before.asset_turnover()),
    ]
    return np.asarray(np.sum(signs, axis=0))


def _accruals_to_assets(a: Accounts) -> np.ndarray:
    mean_assets = (a.now.level("assets") + a.before.level("assets")) / 2.0
    return of_positive(a.now.flow("net_income") - a.now.flow("operating_cash_flow"), mean_assets)


def _shares_growth(c: Context) -> np.ndarray:
    before = at_rows(c, lambda a: a.history.level_before("shares_outstanding"))
    before_basis = at_rows(c, lambda a: a.history.level_basis_before("shares_outstanding"))
    now = at_rows(c, lambda a: a.history.level("shares_outstanding"))
    now_basis = at_rows(c, lambda a: a.history.level_basis("shares_outstanding"))
    both = np.maximum(before_basis, now_basis)  # an old count restated lately has later splits in it than the new one

    def at_both(count: np.ndarray, counted: np.ndarray) -> np.ndarray:
        return count * splits_between(c.surroundings.actions, counted, both, c.decision_time)

    return of_positive(at_both(now, now_basis), at_both(before, before_basis)) - 1.0


def _is_above(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1 where above, 0 where not, NaN where that is not known."""
    return np.where(np.isnan(one) | np.isnan(other), np.nan, (one > other).astype(np.float64))
