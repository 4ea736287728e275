"""Goal 20: 40 people with the live page open. How soon each sees a change, and what the polls cost."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bench import figures
from bench.client import HOST
from bench.figures import Line
from bench.meter import Reading
from bench.run import Run
from kit.actor import Actor
from meetings.models import AgendaItem, Meeting
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.operations import series
from people.models import User

READERS = 40
CHANGES, EVERY = 10, 3.0  # changes of the notes, and the seconds between two of them
POLL = 1.0  # seconds, as the page polls
ARRIVING = 5.0  # seconds in which all readers come; each changes the page of the others
SECONDS, CORES = 1.0, 0.15  # the goals


@dataclass
class Reader:
    """A browser with the live page: polls, and notes when it first saw each text. errors: other answers."""

    cookie: str
    path: str
    seen: dict[str, float] = field(default_factory=dict)
    polls: int = 0
    errors: list[int] = field(default_factory=list)

    def poll_until(self, over: threading.Event, port: int, texts: Sequence[str], after: float) -> None:
        connection, tag = http.client.HTTPConnection(HOST, port, timeout=30), ""
        time.sleep(after)
        while not over.is_set():
            began = time.perf_counter()
            headers = {"Cookie": self.cookie, "HX-Request": "true", "HX-PTag": tag}
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode()
            self.polls += 1
            if answer.status == 200:
                tag = answer.getheader("HX-PTag", "")
                at = time.perf_counter()
                self.seen |= {text: at for text in texts if text in body and text not in self.seen}
            elif answer.status != 304:
                self.errors.append(answer.status)
            time.sleep(max(0.0, POLL - (time.perf_counter() - began)))
        connection.close()


def live_meeting(run: Run) -> Line:
    """Measure goal 20. The notes of the current item change, as if the facilitator typed."""
    line = Line(
        20,
        f"live meeting, {READERS} people: a change seen by all, p95",
        f"≤ {SECONDS} s; ≤ {CORES:.0%} of a core",
        unit="s",
    )
    people = list(User.objects.filter(is_active=True).order_by("pk")[:READERS])
    item = _discussed(run, people)
    texts = [f"Written at {number} of the meeting." for number in range(CHANGES)]
    path = f"/meetings/{item.meeting.reference}/pulse/?shown={item.pk}"
    readers = [Reader(_cookie(people[number % len(people)]), path) for number in range(READERS)]
    reading, written = _followed(run, item, texts, readers)
    delays = [
        reader.seen[text] - written[text] for reader in readers for text in texts if text in reader.seen
    ]
    missed = READERS * CHANGES - len(delays)
    errors = [status for reader in readers for status in reader.errors]
    cores, polls = reading.cpu / reading.seconds, sum(reader.polls for reader in readers)
    database = reading.database / reading.seconds
    line.figure, line.least, line.greatest = figures.percentile(delays, 0.95), min(delays), max(delays)
    line.met = line.figure <= SECONDS and cores <= CORES and not missed and not errors
    line.why = (
        f"{cores:.1%} of a core, of which PostgreSQL {database:.1%}, for {polls} polls in"
        f" {reading.seconds:.0f} s; {missed} changes not seen, {len(errors)} errors"
        f" ({reading.foreign:.2f} cores of foreign load)."
    )
    return line


def _followed(
    run: Run, item: AgendaItem, texts: Sequence[str], readers: Sequence[Reader]
) -> tuple[Reading, dict[str, float]]:
    """Let all readers poll while the notes change. Return the CPU time, and when each text was saved."""
    over = threading.Event()
    threads = [
        threading.Thread(target=reader.poll_until, args=(over, run.ours.port, texts, number * POLL / READERS))
        for number, reader in enumerate(readers)
    ]
    for thread in threads:
        thread.start()
    time.sleep(ARRIVING)
    for reader in readers:
        reader.polls = 0
    with run.ours.metered() as reading:
        written = _write(run, item, texts)
    over.set()
    for thread in threads:
        thread.join()
    return reading, written


def _discussed(run: Run, people: Sequence[User]) -> AgendaItem:
    """Return the current item of a live meeting of these people."""
    by = Actor(people[0])
    start = run.at + timedelta(minutes=10)  # near enough to start without a question
    forum = series.add(
        name=f"Live forum {start:%H:%M:%S}",
        first_on=start.date(),
        starts_at=start.time(),
        time_zone="UTC",
        participants=people,
        by=by,
        at=run.at,
    )
    meeting = (
        Meeting.objects.filter(series=forum).select_related("subject", "series").order_by("starts_at")[0]
    )
    for number in range(6):
        items.add(meeting, title=f"Item {number}", minutes=5, by=by, at=run.at)
    meetings.start(meeting, led_by=people[0], by=by, at=run.at)
    first = AgendaItem.objects.filter(meeting=meeting).select_related("meeting__subject").order_by("rank")[0]
    return items.take_up(first, by=by, at=run.at)


def _write(run: Run, item: AgendaItem, texts: Sequence[str]) -> dict[str, float]:
    """Change the notes again and again. Return when each text was saved."""
    written: dict[str, float] = {}
    for text in texts:
        items.note(item, notes="\n".join([*written, text]), by=Actor(item.added_by), at=run.at)
        written[text] = time.perf_counter()
        time.sleep(EVERY)
    return written


def _cookie(person: User) -> str:
    from django.test import Client

    visitor = Client(SERVER_NAME="localhost")
    visitor.force_login(person)
    return f"sessionid={visitor.cookies['sessionid'].value}"
