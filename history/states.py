"""The states of claimed work (handovers, due dates, messages), why a grant of sight is given, and what events
are about, for people who choose what they want to be told.
"""

from django.db.models import TextChoices


class Work(TextChoices):
    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "In progress"
    DONE = "done", "Done"
    DEAD = "dead", "Given up"


class InDoubt(TextChoices):
    """What to do with a mail if the connection broke after the data and it is unknown whether it was sent."""

    RESEND = "resend", "Send again"
    PARK = "park", "Hold for an administrator"


MAX_TRIES = 5


class GrantReason(TextChoices):
    """Why a person may see an object that is restricted to teams they are not in."""

    OWNER = "owner", "owns it"
    RAISER = "raiser", "raised it"
    AUTHOR = "author", "wrote it"
    RECORDER = "recorder", "recorded it"
    ASKED = "asked", "was asked to review it"
    STAND_IN = "stand_in", "stands in for somebody who is away"
    CALLED = "called", "was notified by the escalation ladder"
    HOLDER = "holder", "acknowledged the escalation"
    PARTICIPANT = "participant", "takes part in it"
    EARLIER = "earlier", "could see it before grants were recorded"


class Reach(TextChoices):
    """What a grant covers: the one object, or a root with everything below it."""

    OBJECT = "object", "this object"
    ROOT = "root", "the whole root"


class NewsGroup(TextChoices):
    """What an event is about. Each person chooses for each group how they want to be told (NewsTiming)."""

    REVIEWS = "reviews", "Reviews and scores"
    ACTIONS = "actions", "Actions"
    ESCALATIONS = "escalations", "Escalations"
    MEETINGS = "meetings", "Meetings"
    MENTIONS = "mentions", "Mentions"
    DECISIONS = "decisions", "Decisions and acceptances"
    RISKS = "risks", "Your risks"
    FINDINGS = "findings", "Register checks"
    FOLLOWED = "followed", "What you watch"
    SIGNALS = "signals", "Breaches and thresholds"
    INCIDENTS = "incidents", "Incidents"
    LEARNINGS = "learnings", "Learnings"
    RIGHTS = "rights", "Teams and rights"

    @property
    def about(self) -> str:
        """Return what it has, in a sentence."""
        return _ABOUT[self]


_ABOUT = {
    NewsGroup.REVIEWS: "You are asked to review or to score, a reminder, the result.",
    NewsGroup.ACTIONS: "An action is assigned to you, a reminder, the end of one that you opened.",
    NewsGroup.ESCALATIONS: "What happens to escalations of your team and to those that you were on. "
    "What is escalated to you is always mailed at once.",
    NewsGroup.MEETINGS: "Your turn to facilitate, the agenda, the minutes, moved and cancelled meetings.",
    NewsGroup.MENTIONS: "Somebody mentions you in a comment.",
    NewsGroup.DECISIONS: "A decision with an action of yours or about your risks, a proposal to decide.",
    NewsGroup.RISKS: "Changes of risks that you own or of your team, the end of an acceptance, due "
    "plans, your experiments.",
    NewsGroup.FINDINGS: "What is wrong with risks that you own.",
    NewsGroup.FOLLOWED: "Comments and files on what you watch, changes in views that you subscribe to.",
    NewsGroup.SIGNALS: "Breaches of models of your team, new thresholds.",
    NewsGroup.INCIDENTS: "Incidents of models of your team, and those in which you have a role or that you "
    "declared.",
    NewsGroup.LEARNINGS: "A learning was drafted from a review of yours.",
    NewsGroup.RIGHTS: "You get or lose a decision right, somebody wants to join your team.",
}


class NewsTiming(TextChoices):
    """When a person wants to be told. The inbox has everything; of "never" it is marked as read."""

    AT_ONCE = "at_once", "At once"
    DIGEST = "digest", "In the weekly digest"
    NEVER = "never", "Never"
