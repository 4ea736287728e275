"""Removes one mechanism, so that a row must fail. This shows that the tests can fail."""

from django.db import connections

DAY_SECONDS = 10.0  # at most so long is a simulated day of row 7

BREAKS = {
    "claim": "a worker settles and sends without checking that its claim is still valid",
    "unique": "messages have no unique key",
    "weekly": "digests are made by an interval of a week, which beat keeps in memory",
    "relevance": "a mail is sent without checking that it is still relevant",
    "lock": "that check does not lock the row of the subject",
    "tries": "a mail has no limit of tries",
    "outage": "a mail server that is away costs each mail a try",
    "limit": "the next limit of an escalation begins at the old limit instead of now",
}


def in_worker(name: str) -> None:
    """Remove a mechanism in the workers. The pool calls it before it forks."""
    if name == "claim":
        from history import claims

        claims.while_claimed = lambda row: type(row)._base_manager.filter(pk=row.pk)
    if name == "limit":
        from risklog.operations import climb

        genuine = climb.climb_on
        climb.climb_on = lambda row, *, at, **more: genuine(row, at=row.next_climb_at or at, **more)
    if name == "relevance":
        from notices.queries import still_relevant

        still_relevant.why_not = lambda message, *, at: ""
    if name == "lock":
        from actions import mail as of_actions
        from risklog import mail as of_risklog

        for module, model in ((of_actions, "Action"), (of_risklog, "Escalation")):
            setattr(module, model, _Unlocked(getattr(module, model)))
    if name == "tries":
        from notices.models import Message

        Message.MAX_TRIES = 1000
    if name == "outage":
        from notices.operations import message

        message._await_server = lambda row, text, at: message._later(row, text, at=at)
    if name == "weekly":
        from riskhub import schedule

        schedule.SEARCHES = schedule.SEARCHES[1:]  # the first search makes the due dates of digests


class _Unlocked:
    """Stands for a model whose select_for_update() does not lock."""

    def __init__(self, model) -> None:
        self._model, self.objects = model, self

    def select_for_update(self, **options):
        return self._model.objects.all()

    def __getattr__(self, name):
        return getattr(self._model.objects, name)


def in_celery(name: str, app) -> None:
    """Remove a mechanism in the schedule of beat."""
    if name == "weekly":
        from kit import clock
        from notices.operations import digest
        from people import queries as people

        @app.task(name="chaos.weekly")
        def weekly() -> None:
            digest.schedule(clock.now() + people.time_ahead())

        app.conf.beat_schedule["weekly"] = {"task": "chaos.weekly", "schedule": 7 * DAY_SECONDS}


def in_database(name: str) -> None:
    """Remove a mechanism in the database. Call it once, as the owner, on the row's own database."""
    if name == "unique":
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = 'notices_message'::regclass AND contype = 'u'"
            )
            for (constraint,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE notices_message DROP CONSTRAINT "{constraint}"')
