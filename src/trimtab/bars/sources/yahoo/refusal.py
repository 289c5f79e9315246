"""What Yahoo says when it does not deliver."""

from __future__ import annotations

from http import HTTPStatus

from trimtab.bars.sources.asking import NoAnswerError, in_its_words, say_status

_NOTHING_TRADED = "Data doesn't exist for startDate"


class RefusedError(NoAnswerError):
    """Yahoo answered that it will not deliver, in its own words.

    >>> print(RefusedError(422, "1m data not available"))
    Yahoo answers HTTP 422 Unprocessable Entity: 1m data not available

    Attributes
    ----------
    is_unknown: there is no such ticker.
    is_empty: nothing was traded in the span, as on a holiday.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"Yahoo answers {say_status(status)}: {in_its_words(words)}")
        self.is_unknown = status == HTTPStatus.NOT_FOUND
        self.is_empty = words.startswith(_NOTHING_TRADED)
