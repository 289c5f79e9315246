"""Bars of equities, funds and indices from Yahoo Finance, through the library yfinance.

`source` is the `BarSource`, `client` asks yfinance, `session` is the HTTP below it, `refusal` what Yahoo says
when it does not deliver, `prices` turns shown into traded prices, `calendars` knows Yahoo's exchanges.
What is true of every network source (asking again, pages) lies beside this package.
"""

from trimtab.bars.sources.yahoo.source import YahooEquities

__all__ = ["YahooEquities"]
