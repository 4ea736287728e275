"""Row 12: mails that fail in every way, and a mail server that is away for a day. All other mails are sent.

Real workers and a real beat (chaos.quick_celery) send mails that become due one after the other. The second
time there are mails among them that raise, hang or kill their process, and addresses that the mail server
refuses, answers late, or cuts off after the data.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from actions.operations import action
from chaos import poison, pool
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.programs import Programs
from chaos.sink import CUT, SILENT, SLOW, Sink
from history import operations as history
from history import relay
from kit import clock
from kit.actor import SYSTEM
from notices.models import Message
from notices.operations import mail_switch
from notices.queries import rendered_mail
from people import queries
from people.models import User
from people.operations import organisation
from people.states import Role

# Kind of trouble -> (final state of its mail, most tries, how often the server may have accepted it).
# Six tries are one and five repeats.
ENDS = {
    poison.HANGS: ("dead", 6, (0,)),
    poison.RAISES: ("dead", 6, (0,)),
    "gone": ("dead", 1, (0,)),
    poison.KILLS: ("dead", 6, (0,)),
    SILENT: ("uncertain", 1, (0,)),
    "busy": ("dead", 6, (0,)),
    SLOW: ("done", 1, (1,)),
    "shut": ("dead", 6, (0,)),
    CUT: ("uncertain", 1, (1,)),
}
MAILS, A_SECOND, READERS, WAITING = 450, 5.0, 20, 20
HOURS_AWAY = 24
LEASE = 2
LONGEST = 420.0  # seconds until the last mail with trouble is settled
SLOWER = 2.0  # times the p95 of a run without trouble


@dataclass
class Post:
    """A run. wrong: what did not end as it must. due: Message-ID -> the moment from which it may be sent."""

    sink: Sink
    people: dict[str, User]
    mails: int
    counts: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    due: dict[str, float] = field(default_factory=dict)


def run(made: Ground, *, seed: int, mails: int, broken: str, say: Callable[[str], None]) -> list[Claim]:
    """Send `mails` mails without trouble, as many with it, and some after a day without a mail server."""
    made.fresh("chaos_12")
    sink = Sink(seed=seed)
    sink.start()
    environment = pool.environment(mail_port=sink.port, lease=LEASE) | {
        "CHAOS_BROKEN": broken, "CHAOS_POISON": "1", "CHAOS_TICKS": "",
    }  # fmt: skip
    programs = None
    try:
        post = Post(sink, _fill(), mails)
        programs = Programs(environment, made.folder)
        calm = _send(post, "Calm", [])
        say(f"  without trouble: p95 {calm:.2f} s")
        troubled = _send(post, "Troubled", list(ENDS))
        say(f"  with trouble: p95 {troubled:.2f} s")
        _settle_trouble(post)
        say(f"  trouble settled: {post.wrong or 'as it must be'}")
        sink.stop()
        lost = _wait_a_day(post, say)
    finally:
        if programs is not None:
            programs.kill()
        post.sink.stop()
    return _claims(post, calm, troubled, lost, seed)


def _fill() -> dict[str, User]:
    at = clock.now()
    mail_switch.note(is_on=True, at=datetime(1970, 1, 1, tzinfo=UTC))  # so that no mail is held back as older
    organisation.found(name="Chaos", time_zone="UTC", is_sample=True, by=SYSTEM, at=at)
    names = [f"reader-{number}" for number in range(READERS)] + [f"{kind}-1" for kind in ENDS]
    return {name: _person(name, at) for name in names}


def _person(name: str, at: datetime) -> User:
    user = User(
        email=f"{name}@example.org", name=name.title(), handle=name, role=Role.MEMBER, is_digest_wanted=False
    )
    user.set_unusable_password()
    history.record(user, "people.person_added", by=SYSTEM, at=at)
    return user


# ------------------------------------------------------------------ with and without trouble


def _send(post: Post, name: str, troubles: list[str]) -> float:
    """Send the mails of a run, with troubles among them. Return the p95 of the others, in seconds."""
    titles = [(f"{name} task {number}", f"reader-{number % READERS}") for number in range(post.mails)]
    for place, kind in enumerate(troubles):
        titles.insert(int(place * post.mails / len(troubles)), (f"{kind} among others", f"{kind}-1"))
    _queue(post, titles)
    others = _rows(f"{name} task")
    ends = time.monotonic() + post.mails / A_SECOND + LONGEST
    while time.monotonic() < ends and not all(one in post.sink.moments for one in others):
        time.sleep(0.2)
    late = sorted(post.sink.moments.get(one, time.time()) - post.due[one] for one in others)
    post.wrong += [f"mail {one} was not sent" for one in others if one not in post.sink.moments]
    return late[int(len(late) * 0.95)]


@transaction.atomic
def _queue(post: Post, titles: list[tuple[str, str]]) -> None:
    """Create one mail for each (title, name of the owner). They become due one after the other."""
    now, place = clock.now(), {}
    for number, (title, owner) in enumerate(titles):
        place[action.add(title=title, owner=post.people[owner], by=SYSTEM, at=now).subject_id] = number
    while relay.relay(at=now).done:
        pass
    begin = time.time() + 1
    for row in Message.objects.filter(subject__in=place):
        moment = begin + place[row.subject_id] / A_SECOND
        post.due[_name(row.pk)] = moment
        Message.objects.filter(pk=row.pk).update(not_before=datetime.fromtimestamp(moment, UTC))


def _rows(title: str) -> list[str]:
    rows = Message.objects.filter(subject__title__startswith=title)
    return [_name(pk) for pk in rows.values_list("pk", flat=True)]


def _name(pk: object) -> str:
    return f"{pk}@{rendered_mail.host()}"


def _settle_trouble(post: Post) -> None:
    """Wait until each mail with trouble has its final state. The pauses between its tries are skipped."""
    rows = Message.objects.filter(subject__title__endswith="among others")
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends and rows.filter(state__in=["pending", "claimed"]).exists():
        rows.filter(state="pending", not_before__gt=Now()).update(not_before=Now())
        time.sleep(0.5)
    accepted = Counter(post.sink.accepted)
    for row in rows.select_related("subject"):
        kind = row.subject.title.partition(" ")[0]
        state, tries, times = ENDS[kind]
        if row.state != state or row.tries > tries or accepted[_name(row.pk)] not in times:
            post.wrong.append(
                f"{kind} ended {row.state} after {row.tries} tries, accepted {accepted[_name(row.pk)]} times"
            )
    if not User.objects.get(handle="gone-1").is_mail_refused:
        post.wrong.append("the refused address is not marked")


# ------------------------------------------------------------------ a day without a mail server


def _wait_a_day(post: Post, say: Callable[[str], None]) -> list[str]:
    """Queue mails while the mail server is away, let 24 hours pass with a try each, and start it again."""
    at = clock.now()
    titles = [(f"Waiting task {number}", f"reader-{number % READERS}") for number in range(WAITING)]
    _queue(post, titles)
    rows = Message.objects.filter(subject__title__startswith="Waiting task")
    rows.update(not_before=Now())
    for hour in range(HOURS_AWAY):
        found = queries.organisation()
        assert found is not None
        organisation.move_ahead(found, to=at + timedelta(hours=hour), at=at)
        _wait(
            lambda: not rows.filter(Q(state="claimed") | Q(state="pending", not_before__lte=Now())).exists()
        )
        rows.filter(state="pending").update(not_before=Now())
    say(f"  a day without a mail server: {Counter(rows.values_list('state', flat=True))}")
    again = Sink(port=post.sink.port)
    again.start()
    post.sink = again
    names = _rows("Waiting task")
    rows.filter(state="pending").update(not_before=Now())
    _wait(lambda: all(name in again.moments for name in names))
    accepted = Counter(again.accepted)
    return [f"mail {name} was accepted {accepted[name]} times" for name in names if accepted[name] != 1]


def _wait(is_done: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not is_done():
        time.sleep(0.1)


def _claims(post: Post, calm: float, troubled: float, lost: list[str], seed: int) -> list[Claim]:
    counts = {"mails": post.mails, "p95 without trouble": round(calm, 3), "with": round(troubled, 3)}
    about = {"seed": seed, "counts": counts}
    ratio = troubled / calm
    is_whole = post.mails >= MAILS
    short = [] if is_whole else [f"short: {MAILS} mails are needed"]
    return [
        Claim(12, f"mails that did not end as they must, {len(ENDS)} troubles among {post.mails} mails",
              len(post.wrong), "0", not post.wrong, why=post.wrong, **about),
        Claim(12, "p95 from due to accepted, with trouble, in times of that without", round(ratio, 2),
              f"<= {SLOWER:g}", ratio <= SLOWER and is_whole, why=short, **about),
        Claim(12, "mails that were lost in a day without a mail server", len(lost), "0", not lost,
              why=lost, **about),
    ]  # fmt: skip
