"""The recipients of events about learnings, recognitions and sessions."""

from history.models import Event
from history.queries import present_data
from history.recipients import everyone
from incidents.models import Incident
from learnings.models import Learning, LearningSession, Recognition, SignUp, ThankedPerson
from learnings.queries import session as queries
from learnings.states import LearningState, RecognitionState, SignUpState
from people.models import Membership
from risklog.models import Reviewer


def reviewers_of_source(event: Event) -> dict[int, str]:
    """Return the reviewers who answered the review of a draft, nobody once the draft has an author."""
    draft = Learning.objects.filter(subject_id=event.subject_id).first()
    if draft is None or draft.author_id or draft.about_id is None:
        return {}
    rows = Reviewer.objects.filter(review__subject_id=draft.about_id, answered_at__isnull=False)
    return everyone(
        rows.values_list("user_id", flat=True), "You reviewed this breach: the draft needs an author"
    )


def handlers_of_incident(event: Event) -> dict[int, str]:
    """Return who led and wrote up the incident of a draft, nobody once the draft has an author."""
    draft = Learning.objects.filter(subject_id=event.subject_id, author__isnull=True).first()
    if draft is None:
        return {}
    rows = Incident.objects.filter(subject_id=draft.about_id).values_list("lead_id", "scribe_id")
    ids = [pk for row in rows for pk in row]
    return everyone(ids, "You handled this incident: the draft needs an author")


def author_of_used(event: Event) -> dict[int, str]:
    """Return the author of a learning that somebody used, nobody once it is withdrawn."""
    return _author(event, "Your learning was used")


def author_of_chosen(event: Event) -> dict[int, str]:
    """Return the author of a learning that was chosen for a week, nobody once it is withdrawn."""
    return _author(event, "Your learning was chosen as learning of the week")


def author(event: Event) -> dict[int, str]:
    """Return the author of a learning that somebody else took off the feed or discarded."""
    rows = Learning.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("author_id", flat=True), "You wrote this learning")


def _author(event: Event, reason: str) -> dict[int, str]:
    rows = Learning.objects.filter(subject_id=event.subject_id, state=LearningState.PUBLISHED)
    return everyone(rows.values_list("author_id", flat=True), reason)


def thanked(event: Event) -> dict[int, str]:
    """Return the people who are thanked and the members of the team, nobody once it is withdrawn."""
    given = Recognition.objects.filter(subject_id=event.subject_id, state=RecognitionState.GIVEN).first()
    if given is None:
        return {}
    people = ThankedPerson.objects.filter(recognition=given).values_list("person_id", flat=True)
    members = Membership.objects.filter(team=given.team_id).exclude(user=given.author_id)
    return {
        **everyone(members.values_list("user_id", flat=True), "Your team is thanked"),
        **everyone(people, "You are thanked"),
    }


def speaker(event: Event) -> dict[int, str]:
    """Return the speaker of the session."""
    rows = LearningSession.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("speaker_id", flat=True), "You are the speaker")


def former_speaker(event: Event) -> dict[int, str]:
    """Return the speaker whom this change replaced."""
    return everyone([queries.former_speaker_of(event)], "You were the speaker")


def who_come(event: Event) -> dict[int, str]:
    """Return the speaker, who plans the session, who has a seat and who waits for one."""
    rows = SignUp.objects.filter(session__subject_id=event.subject_id).exclude(state=SignUpState.WITHDRAWN)
    waiting = rows.filter(state=SignUpState.WAITING)
    planner = LearningSession.objects.filter(subject_id=event.subject_id).values_list("author_id", flat=True)
    return {
        **everyone(planner, "You planned it"),
        **everyone(rows.values_list("person_id", flat=True), "You signed up"),
        **everyone(waiting.values_list("person_id", flat=True), "You are on the waiting list"),
        **speaker(event),
    }


def signer(event: Event) -> dict[int, str]:
    """Return the person whose sign-up it is, with their place now: a seat, or the waiting list."""
    person = present_data(event)["person"]
    rows = SignUp.objects.filter(session__subject_id=event.subject_id, person=person)
    is_waiting = rows.filter(state=SignUpState.WAITING).exists()
    return everyone([person], "You are on the waiting list" if is_waiting else "You signed up")
