"""Read the date at the end of a line that somebody records in a meeting: fri, in 2 weeks, 5 dec. Pure.

A date that people understand in two ways is refused, and so is one that is past (ADR 0034).
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from kit.refusals import Refused

_AROUND = " ,;:"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_NUMBERS = ("a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DAY = r"(?P<weekday>mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun|" + "|".join(_DAYS) + ")"
_MONTH = r"(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS)
_MONTH += r"|sept)\.?"
_NUMBER = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4}))?"
# How long ago a day without a year may be before it means the one of next year.
_JUST_PAST = timedelta(days=120)
_FIX = "Write it as 5 dec or 2026-12-05."
# Only in small letters, without a year, a weekday and a word such as “by”: “Ask about 5 may” has a verb.
_DATE_OR_VERB = re.compile(r"(?P<said>\d{1,2}\s+may)(?P<stop>[.!]?)")


def is_date(text: str) -> bool:
    """Return True if the whole text is a date."""
    return any(pattern.fullmatch(text) for pattern in _PHRASES)


def at_end(line: str, today: date) -> tuple[date, str] | None:
    """Return the date at the end of a line and the line without it; None without a date.

    Raises Refused(field="line") for a date that is past, that does not exist or that may be two days, and for
    a number before “may” at the end of a text, which may be a date or a verb.
    """
    for pattern, read_date in _ENDINGS:
        if match := pattern.search(line):
            if match.start() and (unclear := _DATE_OR_VERB.fullmatch(match[0])):
                _refuse_verb(unclear)
                return None
            return read_date(match, today), line[: match.start()].strip(_AROUND)
    return None


def _refuse_verb(match: re.Match[str]) -> None:
    """Raise Refused for “5 may”. The full stop of “5 may.” says that it is no date."""
    if not match["stop"]:
        day = match["said"].split()[0]
        raise Refused(
            f"“{match['said']}” may be a date or not. Write “by {day} may” or “{day} May” for the date. If it"
            " is no date, end it with a full stop.",
            field="line",
        )


def _today_or_tomorrow(match: re.Match[str], today: date) -> date:
    return today + timedelta(days=("today", "tomorrow").index(match["word"].lower()))


def _in_time(match: re.Match[str], today: date) -> date:
    """Read “in 2 weeks”."""
    given = match["number"].lower()
    number = int(given) if given.isdigit() else max(1, _NUMBERS.index("a" if given == "an" else given))
    unit = match["unit"].lower()
    if unit == "month":
        months = today.month - 1 + number
        year, month = today.year + months // 12, months % 12 + 1
        return date(year, month, min(today.day, monthrange(year, month)[1]))
    return today + timedelta(days=number * (7 if unit == "week" else 1))


def _weekday(match: re.Match[str], today: date) -> date:
    """Read “fri” and “next fri”. A day that people understand in two ways is refused."""
    name = match["weekday"].lower()
    number = next(index for index, day in enumerate(_DAYS) if day.startswith(name[:3]))
    soonest = today + timedelta(days=(number - today.weekday()) % 7)
    if not (match["next"] or "").strip():
        if soonest == today:
            raise Refused(
                f"“{name}” is today. Write “today”, or {_short(today + timedelta(days=7))}.", field="line"
            )
        return soonest
    next_week = today + timedelta(days=7 - today.weekday() + number)
    if soonest not in (today, next_week):
        text = f"“next {name}” may be {_short(soonest)} or {_short(next_week)}. Write the day."
        raise Refused(text, field="line")
    return next_week


def _day_of_month(match: re.Match[str], today: date) -> date:
    """Read “5 dec” and “dec 5 2027”. Without a year it is the next such day."""
    number, name = int(match["day"]), match["month"].lower()
    month = next(index for index, known in enumerate(_MONTHS, 1) if known.startswith(name[:3]))
    found = _month_day(match["year"], month, number, today)
    weekday = (match["weekday"] or _DAYS[found.weekday()]).lower()
    if not _DAYS[found.weekday()].startswith(weekday[:3]):
        raise Refused(
            f"{found.day} {found:%b %Y} is a {found:%A}. Correct the day or the date.", field="line"
        )
    return found


def _month_day(given: str | None, month: int, number: int, today: date) -> date:
    if given:
        return _not_past(_day(int(given), month, number), today)
    year = today.year + (month == 2 and number == 29 and not _is_leap(today.year))
    day = _day(year, month, number)
    if day >= today:
        return day
    if day > today - _JUST_PAST:
        raise Refused(f"{_short(day)} is past. Write the year if you mean {today.year + 1}.", field="line")
    return _day(today.year + 1, month, number)


def _iso(match: re.Match[str], today: date) -> date:
    year, month, day = (int(part) for part in match["iso"].split("-"))
    return _not_past(_day(year, month, day), today)


def _slashed(match: re.Match[str], today: date) -> date:
    """Read “25/12”. “5/12” is refused, because some countries write the month first."""
    first, second = int(match["first"]), int(match["second"])
    if first <= 12 and second <= 12 and first != second:
        text = f"“{match['slashed']}” may be two days. {_FIX} If it is no date, end it with a full stop."
        raise Refused(text, field="line")
    day, month = (second, first) if second > 12 else (first, second)
    year = int(match["year"] or today.year)
    found = _day(year, month, day)
    return _not_past(found if match["year"] or found >= today else _day(year + 1, month, day), today)


def _dotted(match: re.Match[str], today: date) -> date:
    """Read “25.12.2026”. Only with its year, because 1.12 may be a version."""
    day, month, year = (int(part) for part in match["dotted"].split("."))
    return _not_past(_day(year, month, day), today)


def _end_of_month(match: re.Match[str], today: date) -> date:
    return today.replace(day=monthrange(today.year, today.month)[1])


def _refuse_yesterday(match: re.Match[str], today: date) -> date:
    return _not_past(today - timedelta(days=1), today)


def _refuse_far(match: re.Match[str], today: date) -> date:
    raise Refused(f"“{match['far']}” is too far ahead. {_FIX}", field="line")


def _refuse_vague(match: re.Match[str], today: date) -> date:
    text = f"“{match['vague']}” names no day. Write one, such as fri, in 2 weeks or 5 dec."
    raise Refused(text, field="line")


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        name = _MONTHS[month - 1].capitalize() if 1 <= month <= 12 else f"month {month}"
        raise Refused(f"There is no {day} {name} {year}. {_FIX}", field="line") from None


def _not_past(day: date, today: date) -> date:
    """Return the day. Raises Refused for one before today."""
    if day < today:
        raise Refused(f"{_short(day)} {day.year} is past. Choose a later day.", field="line")
    return day


def _is_leap(year: int) -> bool:
    return monthrange(year, 2)[1] == 29


def _short(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


_VAGUE = (
    r"(?P<vague>next\s+(?:week|month|quarter|year)"
    r"|(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?week|eow|asap|soon)"
)
_SOURCES: tuple[tuple[str, Callable[[re.Match[str], date], date]], ...] = (
    (r"(?P<iso>\d{4}-\d{1,2}-\d{1,2})", _iso),
    (rf"(?:{_DAY},?\s+)?{_NUMBER}(?:\s+of)?\s+{_MONTH}{_YEAR}", _day_of_month),
    (rf"(?:{_DAY},?\s+)?{_MONTH}\s+{_NUMBER}{_YEAR}", _day_of_month),
    (r"(?P<slashed>(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>\d{4}))?)", _slashed),
    (rf"in\s+(?P<number>\d{{1,3}}|an?|{'|'.join(_NUMBERS[1:])})\s+(?P<unit>day|week|month)s?", _in_time),
    (r"(?P<far>in\s+\d{4,}\s+(?:day|week|month|year)s?)", _refuse_far),
    (r"(?P<dotted>\d{1,2}\.\d{1,2}\.\d{4})", _dotted),
    (r"(?P<word>today|tomorrow)", _today_or_tomorrow),
    (r"yesterday", _refuse_yesterday),
    (rf"(?:this\s+)?(?P<next>next\s+)?{_DAY}", _weekday),
    (r"(?:the\s+)?(?:end\s+of\s+(?:the\s+|this\s+)?month|eom)", _end_of_month),
    (_VAGUE, _refuse_vague),
)
_BEFORE = r"(?:(?:due|by|on|until|till|before)\s+)*"
_PHRASES = [re.compile(rf"\(?{_BEFORE}{source}\)?[.!]?", re.IGNORECASE) for source, _ in _SOURCES]


def _ending(source: str) -> re.Pattern[str]:
    """Return the pattern of a date at the end of a line. A full stop says that “1/2.” is no date."""
    stop = "" if "slashed" in source else "[.!]?"
    return re.compile(rf"(?:^|(?<=[\s,;]))\(?{_BEFORE}{source}\)?{stop}$", re.IGNORECASE)


_ENDINGS = [(_ending(source), read_date) for source, read_date in _SOURCES]
