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
    Cap the feature @wei fri !mitigate because it drifts
    The vendor answered !resolve because the labels are back
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import TextChoices

from kit.refusals import Refused
from meetings.line_dates import at_end, is_date

# What a line may say, with an example of each: the page of a live meeting shows it under `?`.
WORDS = (
    ("Owner, and due date at the end", "@ana in 2 weeks"),
    ("Due date in May: with “by”, or a capital letter", "by 5 may"),
    ("Reason of a decision", "because …"),
    ("Likelihood and impact of a risk", "4x5"),
    ("Decision: another due date of the action", "!due fri"),
    ("Decision: another owner of the action", "!owner @ana"),
    ("Decision: agree to the proposed version of a threshold", "!agree"),
    ("Decision: accept the risk as proposed, or to an earlier date", "!accept until 5 dec"),
    ("Decision: mitigate, transfer or avoid the risk", "!mitigate !transfer !avoid"),
    ("Decision: end the acceptance of the risk", "!reopen"),
    ("Decision: resolve the escalation", "!resolve"),
)


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
    proposed; until: to an earlier date. treatment: of a risk (a Treatment), "" for none. is_ended: the
    acceptance of the risk ends. is_resolved: the escalation is resolved.
    """

    due_on: date | None = None
    handle: str = ""
    is_agreed: bool = False
    number: int | None = None
    is_accepted: bool = False
    until: date | None = None
    treatment: str = ""
    is_ended: bool = False
    is_resolved: bool = False


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
_HANDLE = re.compile(r"(?<![\w@])@([\w-]+)")
_SCORE = re.compile(r"(?:^|[\s,;:])(?P<likelihood>\d)\s*x\s*(?P<impact>\d)[\s,;:]*$", re.IGNORECASE)
_AROUND = " ,;:"
# After its owner, “5 may” is a date.
_MAY_OF_OWNER = re.compile(r"(@[\w-]+)[\s,;:]+(?=\d{1,2}\s+may(?:$|[.!]?\s+because\s))")


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
    handle, rest = _owner(_MAY_OF_OWNER.sub(r"\1 by ", line))
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
        if name not in _EFFECTS:
            known = ", ".join(f"!{one}" for one in _EFFECTS)
            raise Refused(f"“!{name}” is no effect. Use one of {known}, or leave the ! out.", field="line")
        found = _EFFECTS[name](given.strip(_AROUND), today)
        if found.keys() & values:
            raise Refused(_TWICE.get(next(iter(found)), f"Write !{name} once."), field="line")
        values |= found
        reasons += [reason.strip(_AROUND)] if reason.strip(_AROUND) else []
    if len(reasons) > 1:
        raise Refused("Write one reason: “because” is there twice.", field="line")
    return replace(head, reason="".join(reasons), effects=LineEffects(**values))


def _refuse_marks(line: str) -> None:
    """Refuse an effect in a line that is no decision."""
    found = next(
        (mark["mark"].lower() for mark in _MARK.finditer(line) if mark["mark"].lower() in _EFFECTS), ""
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


def _alone(name: str, values: dict[str, Any]) -> Callable[[str, date], dict[str, Any]]:
    """Return the reader of an effect after which nothing is written."""

    def found(given: str, today: date) -> dict[str, Any]:
        if given:
            text = f"“{given[:60]}” after !{name} is not understood. Write nothing after it, or “because …”."
            raise Refused(text, field="line")
        return values

    return found


_EFFECTS: dict[str, Callable[[str, date], dict[str, Any]]] = {
    "due": _new_due,
    "owner": _new_owner,
    "agree": _agreed,
    "accept": _accepted,
    "mitigate": _alone("mitigate", {"treatment": "mitigate"}),
    "transfer": _alone("transfer", {"treatment": "transfer"}),
    "avoid": _alone("avoid", {"treatment": "avoid"}),
    "reopen": _alone("reopen", {"is_ended": True}),
    "resolve": _alone("resolve", {"is_resolved": True}),
}
_TWICE = {"treatment": "Write one of !mitigate, !transfer and !avoid, once."}


def _only_date(given: str, today: date, fix: str) -> date:
    """Return the date that a text is. Raises Refused with `fix` for another text."""
    found = at_end(given, today)
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
    is_outside = not before or not rest or is_date(rest)
    return handles[0], f"{before} {after}".strip() if is_outside else line


def _due(line: str, today: date) -> tuple[date | None, str]:
    """Return the date at the end of a line, or before its "because", and the line without it."""
    head, because, reason = _partition(line, " because ")
    if because and (found := at_end(head, today)):
        return found[0], f"{found[1]} because {reason}"
    found = at_end(line, today)
    return found or (None, line)
