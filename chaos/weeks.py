"""Row 27 in small: weeks of an organisation of 40 people through the public API, while workers die.

The time of the register is moved ahead in steps of three hours, as `tick --at` does. In each step the
monitoring tool sends alerts, people answer reviews, work on their actions and hold the meetings that are due,
and a worker runs. Some workers are killed while they run.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connections
from django.db.models.functions import Now

from chaos.claims import Claim
from chaos.ground import Ground
from chaos.workplace import Person, Workplace, open_workplace
from history.models import Due, Handover
from kit import clock
from notices.models import Message
from people import queries
from people.operations import organisation
from riskhub import schedule

WEEKS = 4
STEP = timedelta(hours=3)
WORK_BEGINS, WORK_ENDS = 6, 18  # UTC
WEEKEND = 5  # datetime.weekday() of Saturday
KILLED_SHARE = 0.2
ALERTS_A_DAY = 2
# How likely a person does something about it in one step of three hours.
ANSWERS, FINISHES, BLOCKS = 0.25, 0.05, 0.01
LONGEST_MEETING = 12  # items


@dataclass
class Weeks:
    """A run. at: the present moment of the register. alerts: fingerprints and starts of firing alerts."""

    workplace: Workplace
    chance: random.Random
    at: datetime
    alerts: list[dict] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def run(made: Ground, *, seed: int, weeks: int, say: Callable[[str], None]) -> list[Claim]:
    """Simulate `weeks` weeks in a new database, and close the ledger."""
    from chaos import weeks_ledger

    made.fresh("chaos_weeks")
    began = clock.now().replace(minute=0, second=0, microsecond=0)
    started = began + timedelta(days=7 - began.weekday(), hours=6 - began.hour)
    state = Weeks(open_workplace(began), random.Random(seed), started)
    for week in range(1, weeks + 1):
        for at in _moments(state.at):
            state.at = at
            _step(state)
        state.at += STEP
        say(f"  week {week}: {state.counts}")
    _settle(state)
    return weeks_ledger.claims(state.workplace, state.counts, weeks=weeks, seed=seed, at=state.at)


def _moments(since: datetime) -> Iterator[datetime]:
    """Yield the steps of one week."""
    for number in range(int(timedelta(days=7) / STEP)):
        yield since + number * STEP


def _step(state: Weeks) -> None:
    _move(state.at)
    if state.at.weekday() < WEEKEND and WORK_BEGINS <= state.at.hour <= WORK_ENDS:
        _send_alerts(state)
        for person in state.workplace.people:
            _work(state, person)
    _run_worker(state)
    _hold_meetings(state)
    _run_worker(state)


def _settle(state: Weeks) -> None:
    """Let a last worker process what is left, without a kill."""
    _move(state.at)
    _let_leases_run_out()
    schedule.tick(state.at, is_simulated=True)


def _move(at: datetime) -> None:
    found = queries.organisation()
    assert found is not None
    organisation.move_ahead(found, to=at, at=clock.now())


# ------------------------------------------------------------------ signals


def _send_alerts(state: Weeks) -> None:
    """Send new alerts, repeat some that still fire, and resolve some."""
    for _ in range(state.chance.choice((0, 0, 0, 1, ALERTS_A_DAY))):
        model = state.chance.choice(state.workplace.models)
        feature = f"feature_{state.chance.randint(1, 20)}"
        state.alerts.append(_alert(model, feature, state.at, state.chance))
        state.count("alerts")
    firing = [alert for alert in state.alerts if alert["status"] == "firing"]
    for alert in firing:
        if state.chance.random() < 0.02:
            alert["status"], alert["endsAt"] = "resolved", state.at.isoformat()
    if firing:
        body = {"receiver": "riskhub", "status": "firing", "alerts": firing}
        state.workplace.sender.post("intake/alertmanager", body)


def _alert(model: str, feature: str, at: datetime, chance: random.Random) -> dict:
    severity = chance.choice(("warning", "warning", "critical"))
    category = chance.choice(("drift", "data_quality", "performance", "latency"))
    names = {"alertname": f"{category}High", "category": category, "feature": feature}
    return {
        "status": "firing",
        "labels": {**names, "model": model, "severity": severity},
        "annotations": {"summary": f"{category} of {feature} on {model} is high", "value": "0.31"},
        "startsAt": (at - timedelta(minutes=5)).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{chance.getrandbits(64):016x}",
    }


# ------------------------------------------------------------------ people


def _work(state: Weeks, person: Person) -> None:
    for review in person.rows("review-requests?show=mine"):
        if state.chance.random() < ANSWERS:
            verdict = state.chance.choice(("confirmed", "false_alarm", "confirmed"))
            body = {"verdict": verdict, "note": "Seen in the feature store."}
            if person.post(f"review-requests/{review['reference']}/answer", body):
                state.count("answers")
    for action in person.rows("actions?show=mine"):
        drawn = state.chance.random()
        if drawn < FINISHES and person.post(f"actions/{action['reference']}/finish", {"note": "Done."}):
            state.count("finished actions")
        elif drawn > 1 - BLOCKS and action["state"] == "open":
            person.post(f"actions/{action['reference']}/block", {"reason": "Waits for access."})


def _hold_meetings(state: Weeks) -> None:
    """Hold the meetings whose start has come: the facilitator leads, or else a risk manager of the team."""
    reader = state.workplace.people[0]
    for meeting in list(reader.rows("meetings?state=planned&order=starts_at")):
        if datetime.fromisoformat(meeting["starts_at"]) > state.at:
            return
        leads = [one for one in state.workplace.people if one.user.pk == meeting["facilitator_id"]]
        _hold(state, meeting, (leads or [reader])[0])


def _hold(state: Weeks, meeting: dict, lead: Person) -> None:
    path = f"meetings/{meeting['reference']}"
    if lead.post(f"{path}/start") is None:
        return
    state.count("meetings")
    items = list(lead.rows(f"agenda-items?meeting={meeting['id']}&state=waiting&order=rank"))
    for item in items[:LONGEST_MEETING]:
        if not item["is_hidden"] and lead.post(f"agenda-items/{item['id']}/take-up"):
            _discuss(state, item, lead)
    people = state.workplace.people
    present = [one.user.email for one in people if state.chance.random() < 0.2]
    lead.post(f"{path}/attendance", {"present": present})
    lead.post(f"{path}/close", {"improvement": "Begin on time.", "was_worth_it": True})


def _discuss(state: Weeks, item: dict, lead: Person) -> None:
    drawn = state.chance.random()
    if drawn < 0.2:
        lead.post(f"agenda-items/{item['id']}/defer")
        return
    if drawn < 0.4:
        lead.post(f"agenda-items/{item['id']}/finish", {"outcome": "no_change"})
        return
    owner = state.chance.choice(state.workplace.people).user
    due_on = (state.at + timedelta(days=state.chance.randint(1, 10))).date()
    action = {"title": f"Check {item['title']}"[:200], "owner": owner.email, "due_on": due_on.isoformat()}
    decision = {
        "text": f"Act on {item['title']}"[:300],
        "reason": "The evidence is clear.",
        "item": item["id"],
    }
    if lead.post("decisions", {**decision, "actions": [action]}):
        state.count("decisions")


# ------------------------------------------------------------------ workers


def _run_worker(state: Weeks) -> None:
    """Process what is due. Sometimes another worker does it first and is killed while it does."""
    if state.chance.random() < KILLED_SHARE:
        _kill_a_worker(state.at, after=state.chance.uniform(0.01, 0.5))
        state.count("killed workers")
    schedule.tick(state.at, is_simulated=True)


def _kill_a_worker(at: datetime, *, after: float) -> None:
    connections.close_all()
    child = os.fork()
    if not child:
        try:
            schedule.tick(at, is_simulated=True)
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    _let_leases_run_out()


def _let_leases_run_out() -> None:
    """End the leases of a dead worker. They are in the database's time, of which hardly any passes here."""
    for work in (Handover, Due, Message):
        work.objects.filter(lease_until__isnull=False).update(lease_until=Now() - timedelta(seconds=1))
