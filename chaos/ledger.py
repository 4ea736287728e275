"""The check at the end of every fault test: expected = rows = final states = accepted by the sink."""

from collections import Counter
from dataclasses import dataclass, field

from chaos.cast import Cast
from history import wiring
from history.models import Due, Event, Handover
from history.states import InDoubt, Work
from notices.models import Entry, Message
from notices.states import MessageState
from risklog.models import Climb, Escalation
from risklog.operations.climb import CLIMB

CLIMBED = "risklog.escalation_climbed"


@dataclass
class Ledger:
    """The result.

    lost, doubled: one text for each fault. repeats: mails that the sink accepted repeatedly.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeats: Counter = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)

    def compare(self, what: str, expected: Counter, found: Counter) -> None:
        self.lost += [f"{what} {key}" for key in (expected - found).elements()]
        self.doubled += [f"{what} {key}" for key in (found - expected).elements()]


def close(cast: Cast, accepted: list[str], host: str) -> Ledger:
    """Return the ledger. accepted: the Message-IDs in the sink's log. host: the part after their @."""
    ledger = Ledger()
    _climbs(ledger, cast)
    _dues(ledger, cast)
    _handovers(ledger)
    _told(ledger, cast)
    _mails(ledger, cast, Counter(accepted), host)
    return ledger


def _climbs(ledger: Ledger, cast: Cast) -> None:
    """Check that each rung was reached once and in order: in rows, in history and on the escalation."""
    rungs = list(range(1, cast.rungs + 1))
    rows: dict[int, list[int]] = {subject: [] for subject in cast.escalations}
    for subject, position in Climb.objects.order_by("at", "pk").values_list(
        "escalation__subject_id", "position"
    ):
        rows[subject].append(position)
    events: dict[int, list[int]] = {subject: [] for subject in cast.escalations}
    for subject, data in Event.objects.filter(verb=CLIMBED).order_by("pk").values_list("subject_id", "data"):
        events[subject].append(data["rung"])
    reached = dict(Escalation.objects.values_list("subject_id", "rung"))
    for subject in cast.escalations:
        for what, found in (("climb row", rows[subject]), ("climb event", events[subject])):
            ledger.compare(f"{what} of {subject}, rung", Counter(rungs), Counter(found))
            if sorted(found) == rungs and found != rungs:
                ledger.lost.append(f"the order of the {what}s of {subject}: {found}")
        if reached[subject] != cast.rungs:
            ledger.lost.append(f"escalation {subject} is on rung {reached[subject]}")
    ledger.counts["climbs by due dates"] = sum(map(len, rows.values())) - len(cast.escalations)


def _dues(ledger: Ledger, cast: Cast) -> None:
    wanted = [(subject, f"rung-{rung}") for subject in cast.escalations for rung in range(2, cast.rungs + 1)]
    rows = Due.objects.filter(kind=CLIMB)
    ledger.compare("due", Counter(wanted), Counter(rows.values_list("subject_id", "occurrence")))
    open_rows = rows.exclude(state=Work.DONE).values_list("pk", "state", "tries", "error")
    ledger.lost += [f"due {pk} ended {state} after {tries}: {error}" for pk, state, tries, error in open_rows]


def _handovers(ledger: Ledger) -> None:
    """Check that there is one handover per event and handler of its verb, and that each is done."""
    wanted = Counter(
        (event, handler)
        for event, verb in Event.objects.values_list("pk", "verb")
        for handler in wiring.handlers_of(verb)
    )
    ledger.compare("handover", wanted, Counter(Handover.objects.values_list("event_id", "handler")))
    rows = Handover.objects.exclude(state=Work.DONE).values_list("pk", "state", "tries", "error")
    ledger.lost += [f"handover {pk} ended {state} after {tries}: {error}" for pk, state, tries, error in rows]
    ledger.counts["handovers"] = sum(wanted.values())


def _told(ledger: Ledger, cast: Cast) -> None:
    """Check that each recipient of an event has exactly one entry and one message."""
    wanted: Counter = Counter()
    for event, data in Event.objects.filter(verb=CLIMBED).values_list("pk", "data"):
        wanted.update((event, user) for user in data["told"])
    opened = Event.objects.filter(verb="actions.action_opened", subject_id__in=cast.actions)
    for event, rows in opened.values_list("pk", "data__rows"):
        wanted[event, rows[0]["changes"]["owner_id"][1]] += 1
    entries = Entry.objects.filter(event__in={event for event, _ in wanted})
    ledger.compare("entry", wanted, Counter(entries.values_list("event_id", "user_id")))
    ledger.compare("message", wanted, Counter(Message.objects.values_list("event_id", "user_id")))
    if sum(wanted.values()) != cast.messages:
        ledger.lost.append(f"{sum(wanted.values())} recipients, {cast.messages} expected")
    again = Counter(Event.objects.values_list("verb", "subject_id"))
    once = {"risklog.escalation_started", "actions.action_opened", "meetings.no_meeting_found"}
    ledger.doubled += [f"event {key}" for key, times in again.items() if key[0] in once and times > 1]


def _mails(ledger: Ledger, cast: Cast, accepted: Counter, host: str) -> None:
    states: Counter = Counter()
    ids = set()
    for row in Message.objects.all():
        name = f"{row.pk}@{host}"
        ids.add(name)
        took = accepted[name]
        states[row.policy, row.state] += 1
        if took > 1:
            ledger.repeats[row.policy] += took - 1
        is_well = row.state == MessageState.DONE or (
            row.policy == InDoubt.PARK and row.state == MessageState.UNCERTAIN
        )
        if not is_well:
            ledger.lost.append(f"message {row.pk} ended {row.state} after {row.tries}: {row.error}")
        elif row.state == MessageState.DONE and not took:
            ledger.lost.append(f"message {row.pk} is done, but the sink did not accept it")
    ledger.doubled += [f"mail {name} without a row" for name in accepted.keys() - ids]
    ledger.counts |= {
        "messages": len(ids),
        "resend done": states[InDoubt.RESEND, MessageState.DONE],
        "resend repeats": ledger.repeats[InDoubt.RESEND],
        "park done": states[InDoubt.PARK, MessageState.DONE],
        "park uncertain": states[InDoubt.PARK, MessageState.UNCERTAIN],
        "park repeats": ledger.repeats[InDoubt.PARK],
        "accepted by the sink": accepted.total(),
    }
