"""Numbers and names as a person reads them; what is not known is a dash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

DASH = "–"
MINUS = "\u2212"
NARROW = "\u202f"  # a narrow space that does not break, between a number and its unit


def is_known(value: Any) -> TypeGuard[float]:
    """Whether it is a number that can be drawn and compared.

    >>> is_known(0.5), is_known(None), is_known(float("nan")), is_known(True)
    (True, False, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 2) -> str:
    """A number with so many decimals; whole numbers get none.

    >>> number(1234.5678), number(-0.2), number(4832), number(None)
    ('1,234.57', '−0.20', '4,832', '–')
    """
    if not is_known(value):
        return DASH
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"
    return _signed(text)


def count(value: Any) -> str:
    """A count, or an amount of which the cents do not matter.

    >>> count(2200.0), count(None)
    ('2,200', '–')
    """
    return number(round(value)) if is_known(value) else DASH


def counted(value: Any, name: str) -> str:
    """A count with what is counted, in the singular where it is one.

    >>> counted(1, "order"), counted(12.0, "order")
    ('1 order', '12 orders')
    """
    return f"{count(value)} {name}{'' if value == 1 else 's'}"


def percent(value: Any, digits: int = 1) -> str:
    """A share as per cent.

    >>> percent(0.5077).replace(NARROW, " "), percent(None)
    ('50.8 %', '–')
    """
    return f"{_signed(f'{100 * value:,.{digits}f}')}{NARROW}%" if is_known(value) else DASH


def change(value: Any, digits: int = 1) -> str:
    """A difference of two shares, in percentage points, with its sign.

    >>> change(0.0132).replace(NARROW, " ")
    '+1.3 pp'
    """
    if not is_known(value):
        return DASH
    text = _signed(f"{100 * value:.{digits}f}")
    return f"{text if text[0] == MINUS or float(text) == 0 else '+' + text}{NARROW}pp"


def probability(value: Any) -> str:
    """A probability or p-value; the smallest are not called nought.

    >>> probability(0.4068), probability(0.0002), probability(1.0)
    ('0.407', '< 0.001', '1.000')
    """
    if not is_known(value):
        return DASH
    return "< 0.001" if 0 <= value < 0.001 else number(float(value), 3)


def spelled(value: Any) -> str:
    """Any value of a table: numbers short, yes and no, names with spaces.

    >>> spelled(True), spelled(0.123456), spelled(4832.0), spelled("next_open"), spelled(1e-5)
    ('yes', '0.123', '4,832', 'next open', '1.00e−05')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name)} {spelled(each)}" for name, each in value.items()) or DASH
    if isinstance(value, list | tuple):
        return ", ".join(spelled(each) for each in value) or DASH
    if is_known(value):
        if float(value).is_integer() and abs(value) < 1e15:
            return number(int(value))
        return number(value, 3) if abs(value) >= 1e-3 else f"{value:.2e}".replace("-", MINUS)
    return DASH if value is None or isinstance(value, float) else words(value)


def words(name: Any) -> str:
    """A name for programs as words for people.

    >>> words("baseline_significance")
    'baseline significance'
    """
    return str(name).replace("_", " ")


def day(time: Any) -> str:
    """The date of a time in ISO 8601.

    >>> day("2008-05-14T00:00:00Z"), day(None)
    ('2008-05-14', '–')
    """
    return str(time)[:10] if time else DASH


def sentence(text: Any) -> str:
    """A text with a capital at its start and a stop at its end.

    >>> sentence("the load time is 9, above the maximum of 5")
    'The load time is 9, above the maximum of 5.'
    """
    stripped = str(text).strip()
    return stripped and stripped[0].upper() + stripped[1:] + ("" if stripped[-1] in ".!?" else ".")


def _signed(text: str) -> str:
    """A true minus sign, and none before nought."""
    return text.replace("-", MINUS) if any(digit in "123456789" for digit in text) else text.lstrip("-")
