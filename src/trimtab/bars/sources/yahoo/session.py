"""The HTTP session that the library yfinance asks Yahoo with: patient, complete, and movable.

yfinance keeps some answers, good and bad, and turns many errors into "possibly delisted". So what passes
is waited for here, below it, and a refusal is raised here in Yahoo's own words; yfinance sees whole answers only.
This module needs the packages of `trimtab[network]` and is imported by `client` when it is needed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import CertificateVerifyError, RequestException, Timeout

from trimtab.bars.sources.asking import BusyError, NoAnswerError, Patience, ask, busy_status, in_its_words
from trimtab.bars.sources.yahoo.refusal import RefusedError

_CHART = "/v8/finance/chart/"
_UNAUTHORISED = (401, 403)


class YahooSession(Session):
    """A session as yfinance makes one itself (a browser's handshake), with limits of its own.

    Price requests are tried again as `patience` says while Yahoo is busy, silent or breaks off;
    requests for cookies and crumbs are tried once, because prices come without them too.

    Raises `NoAnswerError` for a price request without an answer, `RefusedError` for a refused one.

    Parameters
    ----------
    patience: how often and how long a price request is tried.
    timeout_seconds: how long one request may take.
    base_url: asks this address instead of every Yahoo host, with the same paths.
    """

    def __init__(self, patience: Patience, timeout_seconds: float, base_url: str | None = None) -> None:
        super().__init__(impersonate="chrome")
        self._patience, self._timeout_seconds, self._base_url = patience, timeout_seconds, base_url

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]  # the options pass as they are
        options["timeout"] = self._timeout_seconds
        moved = moved_to(self._base_url, url) if self._base_url else url
        if _CHART not in url:
            return super().request(method, moved, **options)
        return ask(lambda: self._prices(method, moved, options), self._patience)

    def _prices(self, method: Any, url: str, options: dict[str, Any]) -> Response:
        try:
            response = super().request(method, url, **options)
        except CertificateVerifyError as error:
            raise NoAnswerError(f"Yahoo's certificate is not trusted ({in_its_words(error)})") from error
        except Timeout as error:
            raise BusyError(f"Yahoo did not answer within {self._timeout_seconds:g} s") from error
        except RequestException as error:
            raise BusyError(f"Yahoo could not be reached or broke off ({in_its_words(error)})") from error
        busy = busy_status(response.status_code, _headers(response))
        if busy:
            raise busy
        if response.status_code not in _UNAUTHORISED:  # yfinance fetches another crumb and comes again
            _refuse_unless_prices(response)
        return response


def moved_to(base_url: str, url: str) -> str:
    """An address of Yahoo's on another host, path and query as they are.

    >>> moved_to("http://127.0.0.1:8000/", "https://query2.finance.yahoo.com/v8/finance/chart/AAPL?range=1d")
    'http://127.0.0.1:8000/v8/finance/chart/AAPL?range=1d'
    """
    split = urlsplit(url)
    return base_url.rstrip("/") + urlunsplit(("", "", split.path or "/", split.query, ""))


def _refuse_unless_prices(response: Response) -> None:
    try:
        chart = response.json()["chart"]
        refusal = chart["error"]
        described = str(refusal["description"]) if refusal else ""
        is_answer = bool(refusal or chart["result"])
    except (LookupError, TypeError, ValueError):
        described, is_answer = "", False
    if described or response.status_code >= 400:
        raise RefusedError(response.status_code, described or response.text)
    if not is_answer:
        raise BusyError(f"Yahoo's answer breaks off or holds no prices (it ends {response.text[-40:]!r})")


def _headers(response: Response) -> dict[str, str]:
    return {name: value or "" for name, value in response.headers.items()}
