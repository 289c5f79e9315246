"""The words of figures: what a concept means, and whether it is a flow over a period or a level at its end.

Sources translate their own tags into these; features name only these. Money is in the currency of the
filing. Share counts are as stated: the splits up to their `period_end` and those before they were filed are in them,
as accounting rules ask; a later split is not.
"""

from __future__ import annotations

FLOWS = {
    "revenue": "sales of the period",
    "cost_of_revenue": "what the goods and services sold have cost",
    "gross_profit": "revenue less its cost",
    "operating_income": "profit before interest and tax",
    "net_income": "profit after everything, of the parent's shareholders",
    "interest_expense": "interest paid or owed",
    "income_tax": "tax on the profit",
    "depreciation_amortisation": "wear of assets charged to the period",
    "research_development": "spent on research and development",
    "operating_cash_flow": "cash from operations",
    "capital_expenditures": "cash spent on property and equipment, positive",
    "dividends_paid": "cash paid to shareholders as dividends, positive",
    "share_repurchases": "cash paid for own shares, positive",
}
LEVELS = {
    "assets": "everything owned",
    "current_assets": "what turns into cash within a year",
    "cash": "cash and equivalents",
    "receivables": "owed by customers",
    "inventory": "goods held for sale",
    "liabilities": "everything owed",
    "current_liabilities": "what falls due within a year",
    "short_term_debt": "borrowed, due within a year",
    "long_term_debt": "borrowed, due later",
    "equity": "assets less liabilities, of the parent's shareholders",
    "retained_earnings": "profits kept so far",
    "goodwill_intangibles": "goodwill and other intangible assets",
    "shares_outstanding": "shares in the hands of shareholders",
}
# Stated for a day by a source of options data; the period is that day.
OPTIONS = {
    "put_volume": "put contracts traded",
    "call_volume": "call contracts traded",
    "put_open_interest": "put contracts open",
    "call_open_interest": "call contracts open",
    "implied_volatility": "annual volatility implied at the money, 30 days ahead",
    "implied_skew": "implied volatility of 25-delta puts less that of calls",
}
CONCEPTS = {**FLOWS, **LEVELS, **OPTIONS}
