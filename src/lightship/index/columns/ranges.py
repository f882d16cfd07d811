"""Where the ranges of a facet begin: at round numbers, and at the beginnings of hours, days, months or years."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from typing import Any

from lightship.core.declaration import FIRST_MOMENT, LAST_MOMENT, Kind, microseconds_of, moment_at

BUCKETS = 10  # ranges of a number or a date that are shown, at most

_SECOND = 1_000_000
# Lengths of the ranges of dates in microseconds: minutes to days; longer ones are months and years
_LENGTHS = [seconds * _SECOND for seconds in (60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400)]
_MONTHS = (1, 3, 6, 12, 60, 120, 1200, 12_000)


def bounds(least: float, most: float, kind: Kind) -> tuple[Any, Any]:
    """Return the smallest and the largest value of a column, which tantivy tells as floats."""
    return (_whole(least, -1), _whole(most, 1)) if kind == "date" else (least, most)


def starts(least: Any, most: Any, kind: Kind, count: int = BUCKETS) -> list[Any]:
    """Return where at most `count` ranges begin that hold all from `least` to `most`."""
    return _date_starts(least, most, count) if kind == "date" else _number_starts(least, most, count)


def _whole(microseconds: float, direction: int) -> int:
    """Return a time that is a float in tantivy's statistics: before 1684 and after 2255 one that is surely outside."""
    outside = int(microseconds) + (direction * _SECOND if abs(microseconds) > 1 << 53 else 0)
    return min(max(outside, FIRST_MOMENT), LAST_MOMENT)


def _number_starts(least: float, most: float, count: int) -> list[float]:
    """Return where at most `count` ranges begin whose length is 1, 2 or 5 times a power of ten."""
    width = most - least
    if width <= 0 or not math.isfinite(width):
        return [least]
    exponent = math.floor(math.log10(width)) - 1
    for factor in (1, 2, 5, 10, 20):
        first, last = (_steps(value, factor, exponent) for value in (least, most))
        if last - first < count:
            break
    return list(dict.fromkeys(_multiple(number * factor, exponent) for number in range(first, last + 1)))


def _steps(value: float, factor: int, exponent: int) -> int:
    """Return the number of the last step, each of `factor` times ten to the `exponent`, that is not above `value`."""
    numerator, denominator = value.as_integer_ratio()
    below = numerator * _power(-exponent) // (denominator * factor * _power(exponent))
    return below + (_multiple((below + 1) * factor, exponent) <= value)  # 0.3 is a little less than three tenths


def _multiple(number: int, exponent: int) -> float:
    """Return the float nearest to `number` times ten to the `exponent`."""
    try:
        return number * _power(exponent) / _power(-exponent)
    except OverflowError:
        return math.copysign(sys.float_info.max, number)


def _power(exponent: int) -> int:
    """Return ten to the `exponent`, or 1 if that is negative."""
    return int(10 ** max(exponent, 0))


def _date_starts(least: int, most: int, count: int) -> list[int]:
    """Return where at most `count` ranges begin: of minutes, hours, days, weeks, months or years."""
    for length in _LENGTHS:
        if most // length - least // length < count:
            return [number * length for number in range(least // length, most // length + 1)]
    first, last = (_month(value) for value in (least, most))
    months = next((length for length in _MONTHS if last // length - first // length < count), _MONTHS[-1])
    return [_first_of_month(number * months) for number in range(first // months, last // months + 1)]


def _month(microseconds: int) -> int:
    moment = moment_at(microseconds)
    return moment.year * 12 + moment.month - 1


def _first_of_month(month: int) -> int:
    year, number = divmod(month, 12)
    return microseconds_of(datetime(max(year, 1), number + 1, 1, tzinfo=UTC))
