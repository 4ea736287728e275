"""Read what can be settled before a meeting: proposals on its agenda, who decides and who contested them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef

from history.models import Subject
from kit.rights import may
from meetings.models import AgendaItem, Contest, Meeting
from meetings.queries.agenda import may_see_item
from meetings.queries.effect import Right, holders_of, loaded_versions
from meetings.states import PUBLISHED_BEFORE, TO_SETTLE, EffectKind, MeetingState
from people import queries as people
from people.models import User
from risklog.models import Acceptance, Escalation, Risk
from risklog.queries import acceptance as acceptances
from risklog.states import RISK_MOVES, UNRESOLVED, AcceptanceState, RiskState
from signals.models import Threshold, ThresholdVersion
from signals.permissions import deciders_on, may_agree_with
from signals.states import Agreement


@dataclass(frozen=True, slots=True)
class AgendaProposal:
    """A proposal on an agenda, for one reader who may see its subject.

    row: the proposed threshold version, or the proposed acceptance. right: whether the reader decides, and
    who does. contests: those that count. problem: why nobody can agree to it now, "" if somebody can.
    """

    item: AgendaItem
    row: ThresholdVersion | Acceptance
    right: Right
    contests: Sequence[Contest]
    own_contest: Contest | None
    problem: str = ""

    @property
    def is_agreeable(self) -> bool:
        """True if the reader can agree to it before the meeting."""
        return self.right.is_held and not self.contests and not self.problem

    @property
    def text(self) -> str:
        """What would be decided."""
        if isinstance(self.row, ThresholdVersion):
            return f"Agree to version {self.row.number} of {self.row.threshold.name}: {self.row.limits}"
        risk = self.row.risk
        return f"Accept {risk.reference} until {self.row.until:%-d %B %Y}: {risk.title}"

    @property
    def reason(self) -> str:
        """Why it was proposed."""
        return self.row.reason or "No reason was recorded."

    @property
    def subject(self) -> Subject:
        assert self.item.about is not None
        return self.item.about

    @property
    def effect(self) -> Mapping[str, Any]:
        """The effect of the decision that agrees to it, for operations.effect.plan()."""
        if isinstance(self.row, ThresholdVersion):
            values = {"kind": EffectKind.AGREE_THRESHOLD, "number": self.row.number}
        else:
            values = {"kind": EffectKind.ACCEPT_RISK, "until": self.row.until}
        return {**values, "target": self.subject}


@dataclass(frozen=True, slots=True)
class Settlement:
    """The proposals of a meeting as one reader may see them. Empty once the meeting has started."""

    proposals: Sequence[AgendaProposal]

    @property
    def agreeable(self) -> list[AgendaProposal]:
        """The uncontested proposals that the reader decides."""
        return [proposal for proposal in self.proposals if proposal.is_agreeable]

    @property
    def contested(self) -> list[AgendaProposal]:
        return [proposal for proposal in self.proposals if proposal.contests]

    @property
    def digest(self) -> str:
        """A digest (32 characters) of what the reader would agree to, "" for nothing.

        A press names the list that its author saw.
        """
        rows = [(one.item.pk, one.row._meta.label, one.row.pk, one.row.version) for one in self.agreeable]
        return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:32] if rows else ""


NONE = Settlement(())


def is_open(meeting: Meeting) -> bool:
    """Return True if the agenda is published and the meeting has not started, so items can be settled."""
    return meeting.state == MeetingState.PLANNED and meeting.published_at is not None


def of_meeting(meeting: Meeting, user: User, *, at: datetime) -> Settlement:
    """Return what can be settled before a meeting, as this reader may see it. At most seven queries."""
    return _of_items(meeting, user, at) if is_open(meeting) else NONE


def to_come(meeting: Meeting, user: User, *, at: datetime) -> Settlement:
    """Return what can be settled once the agenda of a planned meeting is published, as of_meeting() does."""
    is_ahead = meeting.state == MeetingState.PLANNED and meeting.published_at is None
    is_to_come = is_ahead and not meeting.series.is_draft and meeting.starts_at > at
    return _of_items(meeting, user, at) if is_to_come else NONE


def opens_at(meeting: Meeting) -> datetime:
    """Return when the agenda is published, from when on proposals can be settled."""
    return meeting.starts_at - PUBLISHED_BEFORE


def _of_items(meeting: Meeting, user: User, at: datetime) -> Settlement:
    rows = AgendaItem.objects.filter(meeting=meeting, state__in=TO_SETTLE, about__kind__in=_KINDS)
    items = [item for item in rows.select_related("about").order_by("rank", "id") if may_see_item(user, item)]
    if not items:
        return NONE
    found = {**_versions(user, items), **_acceptances(user, items, people.local_day(at))}
    contests = contests_of([item.pk for item in items])
    proposals = []
    for item in items:
        if item.about_id in found:
            row, right, problem = found[item.about_id]
            own = contests.get(item.pk, [])
            mine = next((contest for contest in own if contest.user_id == user.pk), None)
            proposals.append(AgendaProposal(item, row, right, own, mine, problem))
    return Settlement(proposals)


_KINDS = (Threshold.KIND, Risk.KIND)
_Found = tuple[ThresholdVersion | Acceptance, Right, str]
_ACCEPTABLE = frozenset(before for before, after in RISK_MOVES if after == RiskState.ACCEPTED)


def _versions(user: User, items: Sequence[AgendaItem]) -> dict[int | None, _Found]:
    """Return subject id -> the only proposed version of a threshold. The meeting chooses among several."""
    ids = [item.about_id for item in items]
    rows = loaded_versions().filter(threshold__subject__in=ids, state=Agreement.PROPOSED)
    of_subject: dict[int | None, list[ThresholdVersion]] = {}
    for version in rows.select_related("proposed_by").order_by("id"):
        of_subject.setdefault(version.threshold.subject_id, []).append(version)
    single = [versions[0] for versions in of_subject.values() if len(versions) == 1]
    holders = deciders_on([version.threshold for version in single])
    found: dict[int | None, _Found] = {}
    for version in single:
        holder = holders[version.threshold_id]
        right = Right(may_agree_with(user, holder), holders_of(EffectKind.AGREE_THRESHOLD, holder))
        found[version.threshold.subject_id] = version, right, ""
    return found


def _acceptances(user: User, items: Sequence[AgendaItem], today: date) -> dict[int | None, _Found]:
    """Return subject id -> the proposed acceptance of a risk, however often its item was carried over.

    Left to the meeting: a risk that a person put on the agenda, and one that is escalated, because an
    acceptance does not resolve the escalation.
    """
    ids = [item.about_id for item in items if item.added_by_id is None and _is_risk(item)]
    escalated = Escalation.objects.filter(about=OuterRef("risk__subject"), state__in=UNRESOLVED)
    rows = Acceptance.objects.filter(
        ~Exists(escalated), risk__subject__in=ids, state=AcceptanceState.PROPOSED
    )
    proposals = list(rows.select_related("risk__subject", "proposed_by")) if ids else []
    last = acceptances.last_day(today) if proposals else today
    found: dict[int | None, _Found] = {}
    for proposal in proposals:
        right = Right(may(user, "risklog.acceptance_decide", proposal), holders_of(EffectKind.ACCEPT_RISK))
        problem = acceptances.problem_of(proposal.until, today=today, last=last)
        if proposal.risk.state not in _ACCEPTABLE:
            problem = f"{proposal.risk.reference} is {proposal.risk.get_state_display().lower()}."
        found[proposal.risk.subject_id] = proposal, right, problem
    return found


def _is_risk(item: AgendaItem) -> bool:
    return item.about is not None and item.about.kind == Risk.KIND


def contests_of(item_ids: Sequence[int]) -> dict[int, list[Contest]]:
    """Return item id -> the contests that count, the first one first. One query."""
    rows = Contest.objects.filter(item__in=item_ids, withdrawn_at__isnull=True)
    found: dict[int, list[Contest]] = {}
    for contest in rows.select_related("user").order_by("id"):
        found.setdefault(contest.item_id, []).append(contest)
    return found


def contest_by(user: User, item: AgendaItem) -> Contest | None:
    """Return the contest of a person that counts, None without one."""
    rows = Contest.objects.filter(item=item, user=user, withdrawn_at__isnull=True)
    return rows.select_related("item__meeting__series").first()
