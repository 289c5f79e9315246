"""The calendar of an exchange by the code Yahoo has for it."""

from __future__ import annotations

_CODES = {
    "XNYS": "NMS NGM NCM NYQ NYS ASE PCX BTS BATS NAS SNP DJI NIM",
    "XTSE": "TOR VAN NEO CNQ",
    "XMEX": "MEX",
    "BVMF": "SAO",
    "XBUE": "BUE",
    "XSGO": "SGO",
    "XLON": "LSE IOB FGI",
    "XDUB": "ISE",
    "XPAR": "PAR",
    "XAMS": "AMS",
    "XBRU": "BRU",
    "XLIS": "LIS",
    "XMIL": "MIL",
    "XMAD": "MCE",
    "XETR": "GER",
    "XFRA": "FRA",
    "XHAM": "HAM",
    "XDUS": "DUS",
    "XSTU": "STU",
    "XSWX": "EBS",
    "XWBO": "VIE",
    "XSTO": "STO",
    "XCSE": "CPH",
    "XHEL": "HEL",
    "XOSL": "OSL",
    "XICE": "ICE",
    "XWAR": "WSE",
    "XPRA": "PRA",
    "XBUD": "BUD",
    "ASEX": "ATH",
    "XIST": "IST",
    "XTAE": "TLV",
    "XSAU": "SAU",
    "XJSE": "JNB",
    "XTKS": "JPX OSA",
    "XHKG": "HKG",
    "XSHG": "SHH SHZ",
    "XKRX": "KSC KOE",
    "XTAI": "TAI TWO",
    "XSES": "SES",
    "XASX": "ASX",
    "XNZE": "NZE",
    "XBOM": "BSE NSI",
    "XKLS": "KLS",
    "XIDX": "JKT",
    "XBKK": "SET",
    "24/7": "CCC",
}
CALENDARS = {code: calendar for calendar, codes in _CODES.items() for code in codes.split()}


def calendar_of(exchange: str) -> str | None:
    """The calendar of an exchange by Yahoo's code; None for one that is not in the table.

    Markets of one country that share their holidays share a calendar: Nasdaq has New York's.

    >>> calendar_of("NMS"), calendar_of("LSE"), calendar_of("CCY")
    ('XNYS', 'XLON', None)
    """
    return CALENDARS.get(exchange)
