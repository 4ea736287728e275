"""Visibility compared with a simple model: restricting, opening, asking, handing over in any order."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from actions.models import Action
from actions.operations import action as actions
from history.models import Grant, Subject
from kit.actor import SYSTEM, Actor
from learnings.operations import learning as learnings
from meetings.operations import decision as decisions
from people.models import Absence, Team, User
from people.operations import person as persons
from people.operations import team as teams
from risklog.models import Escalation, Review, Risk
from risklog.operations import escalation as escalations
from risklog.operations import review as reviews
from risklog.operations import reviewer as reviewers
from risklog.operations import risk as risks
from risklog.states import EscalationState, Who
from signals.states import SignalKind
from tests.conftest import AT
from tests.factories import people, risklog_review
from tests.factories import risks as make_risks

PEOPLE = 5  # the first is away, the second stands in for them; both stay, and so does the chief
AWAY, STAND_IN = 0, 1
someone = st.integers(AWAY + 1, PEOPLE - 1)
leaver = st.integers(STAND_IN + 1, PEOPLE - 1)
which_team = st.integers(0, 1)


@dataclass
class Root:
    """teams: None while everyone sees it."""

    raiser: int
    owner: int | None
    teams: frozenset[int] | None = None


@dataclass
class Thing:
    """An object in the simple model. reasons: (person, why) of all who may see this one."""

    root: int
    about: int | None = None
    reasons: set[tuple[int, str]] = field(default_factory=set)


class Sights(RuleBasedStateMachine):
    """Numbers stand for people and teams, ids of subjects for objects."""

    things = Bundle("things")

    @initialize()
    def organisation(self):
        self.block = transaction.atomic()
        self.block.__enter__()
        self.minutes = 0
        people.organisation()
        make_risks.category()
        self.users = [people.user() for _ in range(PEOPLE)]
        self.chief = PEOPLE
        self.users.append(people.user())
        self.teams = [people.team() for _ in range(2)]
        risklog_review.ladder((Who.PERSON, 60, {"person": self.users[self.chief]}))
        persons.be_away(
            self.users[AWAY],
            from_on=AT.date(),
            until_on=AT.date() + timedelta(days=30),
            stand_in=self.users[STAND_IN],
            by=SYSTEM,
            at=AT,
        )
        assert Absence.objects.exists()
        self.members: dict[int, set[int]] = defaultdict(set)
        self.left: set[int] = set()
        self.world: dict[int, Thing] = {}
        self.of_root: dict[int, Root] = {}

    def teardown(self):
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    # -------------------------------------------------------------- rules

    def person(self, number: int) -> User:
        assume(number not in self.left)
        return User.objects.select_related("subject").get(pk=self.users[number].pk)

    def by(self, number: int) -> dict:
        self.minutes += 1
        return {"by": Actor(self.person(number), "page"), "at": AT + timedelta(minutes=self.minutes)}

    def below(self, row, about: int, *reasons: tuple[int, str]) -> int:
        """Add a new object below another to the simple model."""
        self.world[row.subject_id] = Thing(self.world[about].root, about, set(reasons))
        return row.subject_id

    def chain(self, about: int) -> list[int]:
        """Return an object and, for a review, its subject."""
        is_review = Review.objects.filter(subject=about).exists()
        return [about, self.world[about].about] if is_review else [about]

    @rule(target=things, raiser=someone, owner=st.none() | someone, restricted=st.booleans())
    def raise_risk(self, raiser, owner, restricted):
        made = risks.add(
            title="Risk",
            category=make_risks.category(),
            likelihood=2,
            impact=2,
            owner=None if owner is None else self.person(owner),
            viewers=[self.teams[0].subject_id] if restricted else None,
            **self.by(raiser),
        )
        self.world[made.subject_id] = Thing(made.subject_id)
        self.of_root[made.subject_id] = Root(raiser, owner, frozenset({0}) if restricted else None)
        return made.subject_id

    @rule(thing=things, to=st.none() | st.frozensets(which_team, min_size=1), by=someone)
    def restrict_or_open(self, thing, to, by):
        root = self.world[thing].root
        wanted = None if to is None else [self.teams[number] for number in sorted(to)]
        risks.restrict(Risk.objects.get(subject=root), teams=wanted, **self.by(by))
        self.of_root[root].teams = to

    @rule(thing=things, to=st.none() | someone, by=someone)
    def hand_over_risk(self, thing, to, by):
        root = self.world[thing].root
        owner = None if to is None else self.person(to)
        risks.change(
            Risk.objects.select_related("subject").get(subject=root), {"owner": owner}, **self.by(by)
        )
        self.of_root[root].owner = to

    @rule(target=things, about=things, by=someone)
    def open_review(self, about, by):
        known = Review.objects.filter(about=about).first()
        opened = reviews.open_for(
            about=Subject.objects.get(pk=about), title="Q", kind=SignalKind.DRIFT, why="x", **self.by(by)
        )
        if not known:
            self.below(opened, about)
        self.world[opened.subject_id].reasons.add((by, "called for it"))
        return opened.subject_id

    @rule(thing=things, who=st.integers(0, PEOPLE - 1), by=someone)
    def ask(self, thing, who, by):
        review = Review.objects.filter(subject=thing).first()
        assume(review is not None and who not in self.left)
        asked = STAND_IN if who == AWAY else who
        assume(not review.reviewers.filter(user=self.users[asked]).exists())
        reviewers.ask(review, self.person(who), **self.by(by))
        for one in self.chain(thing):
            self.world[one].reasons.add((asked, f"asked by {thing}"))

    @rule(target=things, about=things, owner=st.none() | someone, by=someone)
    def open_action(self, about, owner, by):
        who = None if owner is None else self.person(owner)
        made = actions.add(title="A", about=Subject.objects.get(pk=about), owner=who, **self.by(by))
        if owner is None:
            return self.below(made, about, (by, "opened it"))
        self.world[about].reasons.add((owner, f"owns {made.subject_id}"))
        return self.below(made, about, (owner, "owns"), (by, "opened it"))

    @rule(thing=things, to=st.none() | someone, by=someone)
    def hand_over_action(self, thing, to, by):
        action = (
            Action.objects.select_related("subject", "about", "owner__subject").filter(subject=thing).first()
        )
        assume(action is not None)
        actions.change(action, {"owner": None if to is None else self.person(to)}, **self.by(by))
        for subject, why in ((thing, "owns"), (self.world[thing].about, f"owns {thing}")):
            held = self.world[subject].reasons
            held -= {one for one in held if one[1] == why}
            if to is not None:
                held.add((to, why))

    @rule(target=things, about=things, by=someone)
    def escalate(self, about, by):
        running = Escalation.objects.filter(about=about).exclude(state=EscalationState.RESOLVED).first()
        started = escalations.start(about=Subject.objects.get(pk=about), title="E", why="x", **self.by(by))
        if running:
            self.world[running.subject_id].reasons.add((by, "called for it"))
            return running.subject_id
        self.below(started, about, (by, "called for it"))
        for one in [started.subject_id, *self.chain(about)]:
            self.world[one].reasons.add((self.chief, f"called by {started.subject_id}"))
        return started.subject_id

    @rule(thing=things, to=leaver, by=someone)
    def take_and_hand_over_escalation(self, thing, to, by):
        escalation = Escalation.objects.filter(subject=thing, state=EscalationState.CLIMBING).first()
        if escalation is None:
            escalation = Escalation.objects.filter(subject=thing).first()
            assume(escalation is not None)
        else:
            escalation = escalations.acknowledge(escalation, **self.by(by))
        escalations.hand_over(escalation, self.person(to), **self.by(by))
        for subject in [thing, *self.chain(self.world[thing].about)]:
            held = self.world[subject].reasons
            held -= {one for one in held if one[1] == f"holds {thing}"}
            held.add((to, f"holds {thing}"))

    @rule(target=things, about=things, by=someone)
    def decide(self, about, by):
        made = decisions.record(
            text="D", reason="x", no_action_reason="x", about=Subject.objects.get(pk=about), **self.by(by)
        )
        return self.below(made, about, (by, "recorded"))

    @rule(target=things, about=things, by=someone)
    def learn(self, about, by):
        known = {one for one, thing in self.world.items() if thing.about == about}
        assume(not learnings.Learning.objects.filter(subject__in=known).exists())
        made = learnings.write(
            title="L", author=self.person(by), about=Subject.objects.get(pk=about), **self.by(by)
        )
        return self.below(made, about, (by, "wrote"))

    # -------------------------------------------------------------- people

    @rule(number=which_team, who=someone)
    def join(self, number, who):
        teams.join(Team.objects.get(pk=self.teams[number].pk), self.person(who), by=SYSTEM, at=AT)
        self.members[number].add(who)

    @rule(number=which_team, who=someone)
    def leave_team(self, number, who):
        teams.leave(Team.objects.get(pk=self.teams[number].pk), self.person(who), by=SYSTEM, at=AT)
        self.members[number].discard(who)

    @rule(who=leaver)
    def deactivate(self, who):
        persons.deactivate(self.person(who), by=SYSTEM, at=AT)
        self.left.add(who)

    @rule(who=leaver)
    def reactivate(self, who):
        assume(who in self.left)
        persons.reactivate(User.objects.get(pk=self.users[who].pk), by=SYSTEM, at=AT)
        self.left.discard(who)

    # -------------------------------------------------------------- invariants

    def may_see(self, who: int, pk: int) -> bool:
        thing = self.world[pk]
        root = self.of_root[thing.root]
        if root.teams is None or any(who in self.members[team] for team in root.teams):
            return True
        return who not in self.left and (
            who in (root.raiser, root.owner) or any(one == who for one, _ in thing.reasons)
        )

    @invariant()
    def everybody_sees_what_the_model_says(self):
        if not getattr(self, "world", None):
            return
        for number, user in enumerate(self.users):
            reader = User.objects.get(pk=user.pk)
            shown = set(
                Subject.objects.visible_to(reader).filter(pk__in=self.world).values_list("pk", flat=True)
            )
            assert shown == {pk for pk in self.world if self.may_see(number, pk)}, f"person {number}"

    @invariant()
    def the_array_is_what_the_grants_say(self):
        if not getattr(self, "world", None):
            return
        active = defaultdict(set)
        rows = Grant.objects.filter(ended_at=None, reach="object", subject__in=self.world)
        for subject, person in rows.values_list("subject_id", "person_id"):
            active[subject].add(person)
        for pk, granted in Subject.objects.filter(pk__in=self.world).values_list("pk", "granted"):
            assert set(granted) == active[pk]


@pytest.mark.django_db
def test_sight_is_what_the_plain_model_says():
    run_state_machine_as_test(
        Sights,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
