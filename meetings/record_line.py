"""Read one line that somebody records in a meeting: what, who, by when, and why. Pure.

    Serve the capped feature @jonas thu
    Cap it at its September p99 @wei in 2 weeks because the shift is nearly all in it
    Counts are missing on weekends @wei 4x5

An @handle names the owner. A date at the end is the due date. In a decision, what follows "because" is the
reason. At the end of a risk, 4x5 is its likelihood and its impact.

After its text, a decision may name what it changes about the subject of its item:

    More time !due 18 dec !owner @ana because the vendor is late
    Agree to the lower limit !agree
    Live with it until the new vendor is there !accept until 1 mar
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import TextChoices

from kit.refusals import Refused


class LineKind(TextChoices):
    DECISION = "decision", "Decision"
    ACTION = "action", "Action"
    RISK = "risk", "Risk"
    PARK = "park", "Park"


@dataclass(frozen=True, slots=True)
class LineEffects:
    """What a decision changes about the subject of its item.

    due_on, handle: the new due date and the new owner of an action. is_agreed: the proposed version of a
    threshold is agreed; number: which one, None for the only one. is_accepted: the risk is accepted as it was
    proposed; until: to an earlier date.
    """

    due_on: date | None = None
    handle: str = ""
    is_agreed: bool = False
    number: int | None = None
    is_accepted: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A line in its parts. handle: of the owner, without its @; "" without. reason: "" without.

    score: the likelihood and the impact of a risk, 1 to 5 each; None without. effects: None without.
    """

    text: str
    handle: str = ""
    due_on: date | None = None
    reason: str = ""
    score: tuple[int, int] | None = None
    effects: LineEffects | None = None


_MARK = re.compile(r"(?:^|(?<=\s))!(?P<mark>[a-z]+)\b", re.IGNORECASE)
_MARKS = ("due", "owner", "agree", "accept")
_HANDLE = re.compile(r"(?<![\w@])@([\w-]+)")
_SCORE = re.compile(r"(?:^|[\s,;:])(?P<likelihood>\d)\s*x\s*(?P<impact>\d)[\s,;:]*$", re.IGNORECASE)
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


def read(line: str, kind: str, *, today: date) -> RecordLine:
    """Return the parts of a line. kind: a LineKind.

    today: the day of the meeting, in the zone of its series. Raises Refused(field="line") for an empty line,
    for two owners, for a date that cannot be understood or that may be one of two days, for a score beyond
    5x5, and for an effect that cannot be understood.
    """
    line = " ".join(line.split())
    if kind == LineKind.PARK:
        return RecordLine(_required(line))
    if kind == LineKind.DECISION and _MARK.search(line):
        return _with_effects(line, today)
    _refuse_marks(line)
    if kind == LineKind.RISK:
        return _risk(line)
    handle, rest = _owner(line)
    due_on = None
    if kind == LineKind.ACTION or (kind == LineKind.DECISION and handle):
        due_on, rest = _due(rest, today)
        if not handle:  # it may be before the date
            handle, rest = _owner(rest)
    reason = ""
    if kind == LineKind.DECISION:
        rest, _, reason = _partition(rest, " because ")
    text = _required(rest.strip(_AROUND))
    return RecordLine(text, handle, due_on, reason.strip(_AROUND))


def _risk(line: str) -> RecordLine:
    """Return the parts of a risk. Its owner may be before its score or after it."""
    score, rest = _score(line)
    handle, rest = _owner(rest)
    if score is None:
        score, rest = _score(rest)
    return RecordLine(_required(rest.strip(_AROUND)), handle, score=score)


def _score(line: str) -> tuple[tuple[int, int] | None, str]:
    """Return the likelihood and the impact at the end of a line, and the line without them."""
    match = _SCORE.search(line)
    if match is None:
        return None, line
    score = int(match["likelihood"]), int(match["impact"])
    if not all(1 <= number <= 5 for number in score):
        raise Refused("Write likelihood and impact as 1 to 5 each, such as 4x5.", field="line")
    return score, line[: match.start()]


# ------------------------------------------------------------------ effects


def _with_effects(line: str, today: date) -> RecordLine:
    """Return the parts of a decision with its effects, which follow its text."""
    marks = list(_MARK.finditer(line))
    ends = [*(mark.start() for mark in marks[1:]), len(line)]
    head = read(line[: marks[0].start()], LineKind.DECISION, today=today)
    values: dict[str, Any] = {}
    reasons = [head.reason] if head.reason else []
    for mark, end in zip(marks, ends, strict=True):
        given, _, reason = _partition(f"{line[mark.end() : end]} ", " because ")
        name = mark["mark"].lower()
        if name not in _MARKS:
            raise Refused(
                f"“!{name}” is no effect. Use !due, !owner, !agree or !accept, or leave the ! out.",
                field="line",
            )
        found = _EFFECTS[name](given.strip(_AROUND), today)
        if found.keys() & values:
            raise Refused(f"Write !{name} once.", field="line")
        values |= found
        reasons += [reason.strip(_AROUND)] if reason.strip(_AROUND) else []
    if len(reasons) > 1:
        raise Refused("Write one reason: “because” is there twice.", field="line")
    return replace(head, reason="".join(reasons), effects=LineEffects(**values))


def _refuse_marks(line: str) -> None:
    """Refuse an effect in a line that is no decision."""
    found = next(
        (mark["mark"].lower() for mark in _MARK.finditer(line) if mark["mark"].lower() in _MARKS), ""
    )
    if found:
        raise Refused(f"Only a decision has effects. Choose Decision, or leave !{found} out.", field="line")


def _new_due(given: str, today: date) -> dict[str, Any]:
    return {"due_on": _only_date(given, today, "Write a date after !due, such as !due fri or !due 5 dec.")}


def _new_owner(given: str, today: date) -> dict[str, Any]:
    if not (match := _HANDLE.fullmatch(given)):
        raise Refused("Name one person after !owner, such as !owner @ana-moreau.", field="line")
    return {"handle": match[1].lower()}


def _agreed(given: str, today: date) -> dict[str, Any]:
    if given and not (given.isascii() and given.isdigit() and len(given) < 6):
        raise Refused("Write nothing after !agree, or the number of the version: !agree 2.", field="line")
    return {"is_agreed": True, "number": int(given) if given else None}


def _accepted(given: str, today: date) -> dict[str, Any]:
    fix = "Write nothing after !accept, or an earlier date than the proposed one: !accept until 5 dec."
    return {"is_accepted": True, "until": _only_date(given, today, fix) if given else None}


_EFFECTS: dict[str, Callable[[str, date], dict[str, Any]]] = {
    "due": _new_due,
    "owner": _new_owner,
    "agree": _agreed,
    "accept": _accepted,
}


def _only_date(given: str, today: date, fix: str) -> date:
    """Return the date that a text is. Raises Refused with `fix` for another text."""
    found = _at_end(given, today)
    if found is None or found[1]:
        raise Refused(fix, field="line")
    return found[0]


def _required(text: str) -> str:
    if not text:
        raise Refused("Enter what to record.", field="line")
    return text


def _partition(text: str, word: str) -> tuple[str, str, str]:
    place = text.lower().find(word)
    return (text, "", "") if place < 0 else (text[:place], word, text[place + len(word) :])


def _owner(line: str) -> tuple[str, str]:
    """Return the handle and the line, without a handle that is at one of its ends or before its date."""
    handles = list(dict.fromkeys(found.lower() for found in _HANDLE.findall(line)))
    if len(handles) > 1:
        names = " and ".join(f"@{handle}" for handle in handles)
        raise Refused(f"{names}: name one owner, and the others without the @.", field="line")
    if not handles:
        return "", line
    found = next(_HANDLE.finditer(line))
    before, after = line[: found.start()].strip(_AROUND), line[found.end() :].strip(_AROUND)
    rest = _partition(f" {after}", " because ")[0].strip(_AROUND)
    is_outside = not before or not rest or _is_date(rest)
    return handles[0], f"{before} {after}".strip() if is_outside else line


def _is_date(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in _PHRASES)


def _due(line: str, today: date) -> tuple[date | None, str]:
    """Return the date at the end of a line, or before its "because", and the line without it."""
    head, because, reason = _partition(line, " because ")
    if because and (found := _at_end(head, today)):
        return found[0], f"{found[1]} because {reason}"
    found = _at_end(line, today)
    return found or (None, line)


def _at_end(line: str, today: date) -> tuple[date, str] | None:
    for pattern, read_date in _ENDINGS:
        if match := pattern.search(line):
            return read_date(match, today), line[: match.start()].strip(_AROUND)
    return None


# ------------------------------------------------------------------ the phrases


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
