"""Row 11: a subject is closed between the claim of its mail and its sending, a thousand times.

Worker processes send mails, with random pauses between their steps. Threads here close what a claimed mail is
about, and read in the same transaction whether the mail has begun. A mail that has not begun by then must
never reach the mail server.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import OperationalError, connection, transaction

from actions.models import Action
from actions.operations import action
from chaos import breaking, cast
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.pool import worker_pool
from chaos.sink import Sink
from history import relay
from kit import clock
from kit.actor import SYSTEM
from notices.models import Message
from notices.queries import rendered_mail
from risklog.models import Escalation
from risklog.operations import escalation

CLOSES, CLOSERS, WORKERS = 1000, 4, 4
MAILS_OF_A_CLOSE = 1.5  # some mails are sent before a thread comes to close their subject
FEWEST_SHARE = 0.01  # of the closes: so many come before the mail began, and so many after it
LONGEST = 1200.0  # seconds


@dataclass
class Race:
    """A run. closed: id of the mail -> whether it had begun before the close. taken: ids that were chosen."""

    chance: random.Random
    wanted: int
    closed: dict[str, bool] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    timeouts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_over: threading.Event = field(default_factory=threading.Event)


def run(made: Ground, *, seed: int, closes: int, broken: str, say: Callable[[str], None]) -> list[Claim]:
    """Close `closes` subjects while their mails are claimed. broken: as in chaos.breaking."""
    made.fresh("chaos_11")
    if broken:
        breaking.in_database(broken)
    at = clock.now() - timedelta(minutes=1)
    cast.mailing(messages=int(closes * MAILS_OF_A_CLOSE), at=at, called=1)
    while relay.relay(at=at).done:
        pass
    say(f"  {Message.objects.count()} mails wait")
    sink, race = Sink(), Race(random.Random(seed), closes)
    sink.start()
    order = {
        "workers": WORKERS, "seed": seed, "only_mail": True, "ring_again": 0.0, "pauses": True,
        "began": time.monotonic(), "from": at.isoformat(), "speed": 1.0, "broken": broken,
    }  # fmt: skip
    try:
        with worker_pool(order, mail_port=sink.port, lease=60, log=made.folder / "row11.log"):
            threads = [threading.Thread(target=_close_claimed, args=(race,)) for _ in range(CLOSERS)]
            for thread in threads:
                thread.start()
            _wait_until_sent(race)
            for thread in threads:
                thread.join(30)
    finally:
        race.is_over.set()
        sink.stop()
    return _claims(race, sink, seed)


def _wait_until_sent(race: Race) -> None:
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends and Message.objects.filter(state__in=["pending", "claimed"]).exists():
        time.sleep(0.2)
    race.is_over.set()


def _close_claimed(race: Race) -> None:
    """Close the subjects of claimed mails, one after the other, until enough are closed."""
    try:
        while not race.is_over.is_set() and len(race.closed) < race.wanted:
            row = _choose(race)
            if row is None:
                time.sleep(0.002)
                continue
            time.sleep(race.chance.choice((0.0, 0.002, 0.01, 0.03)))
            try:
                race.closed[str(row.pk)] = _close(row)
            except OperationalError:  # a page would say: try again
                race.timeouts += 1
    except Exception as error:
        race.errors.append(f"{type(error).__name__}: {error}")
    finally:
        connection.close()


def _choose(race: Race) -> Message | None:
    rows = Message.objects.filter(state="claimed", begun_at__isnull=True).order_by("not_before", "id")
    with race.lock:
        # The first of them are about to be sent.
        free = [row for row in rows.select_related("subject") if str(row.pk) not in race.taken][:WORKERS]
        if not free:
            return None
        row = race.chance.choice(free)
        race.taken.add(str(row.pk))
        return row


@transaction.atomic
def _close(row: Message) -> bool:
    """Close the subject of a mail. Return whether the mail has begun, as seen before the close is committed.

    The close holds the lock of its row, so a mail that begins later must see it.
    """
    now = clock.now()
    if row.subject.kind == "escalation":
        found = Escalation.objects.select_related("subject", "about").get(subject=row.subject_id)
        escalation.resolve(found, reason="Fixed", by=SYSTEM, at=now)
    else:
        action.finish(Action.objects.get(subject=row.subject_id), by=SYSTEM, at=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT begun_at IS NOT NULL FROM notices_message WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def _claims(race: Race, sink: Sink, seed: int) -> list[Claim]:
    host, accepted = rendered_mail.host(), Counter(sink.accepted)
    late = [pk for pk, has_begun in race.closed.items() if not has_begun and accepted[f"{pk}@{host}"]]
    states = Counter(Message.objects.filter(pk__in=race.closed).values_list("state", flat=True))
    others = Message.objects.exclude(pk__in=race.taken).exclude(pk__in=race.closed)
    unsent = [str(row.pk) for row in others if row.state != "done" or accepted[f"{row.pk}@{host}"] != 1]
    begun = sum(race.closed.values())
    counts = {
        "lock time-outs": race.timeouts,
        "begun before the close": begun,
        "not begun": len(race.closed) - begun,
        **states,
    }
    about = {"seed": seed, "counts": counts}
    fewest, least = min(begun, len(race.closed) - begun), max(1, len(race.closed) * FEWEST_SHARE)
    is_whole, closed = len(race.closed) >= CLOSES, len(race.closed)
    why = late + race.errors + ([] if is_whole else [f"{closed} of {CLOSES} closes"])
    return [
        Claim(11, f"mails begun after the close of their subject, in {closed:,} closes of claimed mails",
              len(late), "0", not why, why=why, **about),
        Claim(11, "mails about other subjects that were not sent once", len(unsent), "0", not unsent,
              why=unsent, **about),
        Claim(11, "closes before the mail began, or after it: the smaller number", fewest, f">= {least:g}",
              fewest >= least, **about),
    ]  # fmt: skip


def install_pauses(chance: random.Random) -> None:
    """Let the sender of this process pause between claim, check, begin and sending, for random times."""
    from notices.operations import message

    def slowed(genuine: Callable, before: float, after: float) -> Callable:
        def slow(*arguments, **named):
            time.sleep(chance.uniform(0, before))
            answer = genuine(*arguments, **named)
            time.sleep(chance.uniform(0, after))
            return answer

        return slow

    message._send = slowed(message._send, 0.02, 0.0)
    message.still_relevant.why_not = slowed(message.still_relevant.why_not, 0.01, 0.01)
    message.MailConnection.hand_over = slowed(message.MailConnection.hand_over, 0.01, 0.0)
