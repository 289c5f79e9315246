"""Which tags of the SEC's accounts are which of our concepts, the best first.

The tags are those of the US GAAP taxonomy of the FASB and of the SEC's own `dei`. Companies change between
them over the years: revenue was `SalesRevenueNet` until accounting standard ASC 606 took effect in 2018. A rule
of several tags is their sum, where one filing has all of them for one period.
"""

from __future__ import annotations

Rule = tuple[str, ...]

TAGS: dict[str, tuple[Rule, ...]] = {
    "revenue": (
        ("Revenues",),
        ("RevenueFromContractWithCustomerExcludingAssessedTax",),
        ("SalesRevenueNet",),
        ("RevenueFromContractWithCustomerIncludingAssessedTax",),
        ("SalesRevenueGoodsNet",),
        ("RevenuesNetOfInterestExpense",),
    ),
    "cost_of_revenue": (
        ("CostOfRevenue",), ("CostOfGoodsAndServicesSold",), ("CostOfGoodsSold",), ("CostOfServices",),
    ),
    "gross_profit": (("GrossProfit",),),
    "operating_income": (("OperatingIncomeLoss",),),
    "net_income": (("NetIncomeLoss",), ("NetIncomeLossAvailableToCommonStockholdersBasic",), ("ProfitLoss",)),
    "interest_expense": (
        ("InterestExpense",), ("InterestExpenseNonoperating",), ("InterestExpenseDebt",), ("InterestAndDebtExpense",),
    ),
    "income_tax": (("IncomeTaxExpenseBenefit",),),
    "depreciation_amortisation": (
        ("DepreciationDepletionAndAmortization",),
        ("DepreciationAmortizationAndAccretionNet",),
        ("DepreciationAndAmortization",),
        ("Depreciation", "AmortizationOfIntangibleAssets"),
        ("OtherDepreciationAndAmortization", "AmortizationOfIntangibleAssets"),
    ),
    "research_development": (
        ("ResearchAndDevelopmentExpense",), ("ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost",),
    ),
    "operating_cash_flow": (
        ("NetCashProvidedByUsedInOperatingActivities",),
        ("NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",),
    ),
    "capital_expenditures": (
        ("PaymentsToAcquirePropertyPlantAndEquipment",), ("PaymentsToAcquireProductiveAssets",),
    ),
    "dividends_paid": (("PaymentsOfDividends",), ("PaymentsOfDividendsCommonStock",)),
    "share_repurchases": (("PaymentsForRepurchaseOfCommonStock",),),
    "assets": (("Assets",),),
    "current_assets": (("AssetsCurrent",),),
    "cash": (
        ("CashAndCashEquivalentsAtCarryingValue",),
        ("CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents",),
        ("Cash",),
    ),
    "receivables": (("AccountsReceivableNetCurrent",), ("ReceivablesNetCurrent",)),
    "inventory": (("InventoryNet",),),
    "liabilities": (("Liabilities",),),
    "current_liabilities": (("LiabilitiesCurrent",),),
    "short_term_debt": (
        ("DebtCurrent",),
        ("LongTermDebtCurrent", "CommercialPaper"),
        ("LongTermDebtCurrent", "ShortTermBorrowings"),
        ("LongTermDebtCurrent",),
        ("ShortTermBorrowings",),
        ("CommercialPaper",),
    ),
    "long_term_debt": (("LongTermDebtNoncurrent",), ("LongTermDebt",)),
    "equity": (("StockholdersEquity",), ("StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest",)),
    "retained_earnings": (("RetainedEarningsAccumulatedDeficit",),),
    "goodwill_intangibles": (
        ("Goodwill", "IntangibleAssetsNetExcludingGoodwill"),
        ("Goodwill", "FiniteLivedIntangibleAssetsNet"),
        ("Goodwill",),
        ("IntangibleAssetsNetExcludingGoodwill",),
    ),
    "shares_outstanding": (("EntityCommonStockSharesOutstanding",), ("CommonStockSharesOutstanding",)),
}  # fmt: skip
