"""The base data of the sample: people, teams, models, the meeting series, and the daily points."""

import random
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.models import Model, Workflow
from catalogue.operations import alias as aliases
from catalogue.operations import change_request, decision_right, deployment
from catalogue.operations import model as models
from catalogue.operations import registry as registries
from catalogue.operations import rollback as rollbacks
from catalogue.operations import run as runs
from catalogue.operations import validation as validations
from catalogue.operations import version as versions
from catalogue.operations import workflow as workflows
from kit.actor import SYSTEM, Actor
from meetings.operations import agenda_template
from meetings.operations import series as meeting_series
from people.models import Function, Team, User
from people.operations import organisation, person, team
from riskhub.sample import inventory, people_and_teams, registered_models, texts
from risklog.operations import appetite, ladder, taxonomy
from saved import operations as saved
from signals.mapping import points as readings
from signals.models import Series
from signals.operations import points, source, threshold

WEEKS = 6
_ORDER = ("data-engineering", "data-science", "engineering", "platform-operations", "risk-management")


class SampleOrganisation:
    """The organisation of the sample. passwords: address -> password, created by the caller."""

    def __init__(self, now: datetime, passwords: dict[str, str]) -> None:
        self.now, self.passwords = now, passwords
        self.zone = ZoneInfo(people_and_teams.ZONE)
        self.start = self._moment(now.astimezone(self.zone).date() - timedelta(weeks=WEEKS), 8)
        self.chance = random.Random(20261123)  # the same values on every machine  # noqa: S311
        self.people: dict[str, User] = {}
        self.teams: dict[str, Team] = {}  # those that take part in the meetings
        self.risks: dict[str, int] = {}
        self.ahead: list[tuple[date, int, texts.SampleStep]] = []  # the coming steps of risks
        self.agreed: dict[str, texts.Agreed] = {}  # by the title of the action
        self.settled: dict[
            object, int
        ] = {}  # by title of a risk, or (model, metric) of a review: the decided subject
        self.to_write = list(texts.LEARNINGS)

    def _found(self) -> None:
        organisation.found(
            name=people_and_teams.ORGANISATION,
            time_zone=people_and_teams.ZONE,
            is_sample=True,
            by=SYSTEM,
            at=self.start,
        )
        functions = {function.slug: function for function in Function.objects.all()}
        for name, address, function, role in people_and_teams.PEOPLE:
            self.people[address.split("@", maxsplit=1)[0]] = person.add(
                name=name,
                email=address,
                role=role,
                function=functions[function],
                password=self.passwords[address],
                by=SYSTEM,
                at=self.start,
            )
        self.admin = Actor(self.people["admin"], "page")
        for one in people_and_teams.TEAMS:
            self.teams[one[0]] = self._team(*one)
        self.observers = self._team(*people_and_teams.OBSERVERS)
        taxonomy.seed(by=self.admin, at=self.start)
        ladder.seed(by=self.admin, at=self.start)

    def _team(self, name: str, lead: str, members: tuple[str, ...]) -> Team:
        made = team.add(name=name, lead=self.people[lead], by=self.admin, at=self.start)
        for member in members:
            team.join(made, self.people[member], by=self.admin, at=self.start)
        return made

    def _register_models(self) -> None:
        for one in registered_models.MODELS:
            models.add(
                slug=one.slug,
                name=one.name,
                purpose=one.purpose,
                owner_team=self.teams[one.team],
                tier=one.tier,
                by=self.admin,
                at=self.start,
            )

        self._describe_models()
        self._register_versions()
        self._add_aliases()
        self._validate_models()

    def _validate_models(self) -> None:
        """One validation that is done, with conditions, and one that waits for answers."""
        models_ = {model.slug: model for model in Model.objects.all()}
        for one in inventory.VALIDATIONS:
            model = models_[one.slug]
            by = Actor(self.people[one.validator], "page")
            opened = validations.open(
                model,
                of_version=model.versions.filter(name=one.version).first(),
                validated_by=self.people[one.validator],
                by=self.admin,
                at=self.start,
                **one.values,
            )
            if one.result:
                rows = [{**row, "answer": "yes"} for row in opened.checklist]
                validations.change(opened, {"checklist": rows}, by=by, at=self.start)
                text = one.conclusion
                validations.conclude(opened, result=one.result, conclusion=text, by=by, at=self.start)

    def _describe_models(self) -> None:
        """Answer the questions of the tiers, and enter data, validators and upstream models."""
        registered = {model.slug: model for model in Model.objects.all()}
        for one in inventory.DESCRIPTIONS:
            reach, harm, use, is_regulated = one.answers
            model = models.rate(
                registered[one.slug],
                reach=reach,
                harm=harm,
                use=use,
                is_regulated=is_regulated,
                by=self.admin,
                at=self.start,
            )
            values = {
                **one.values,
                "validator": self.people[one.validator],
                "upstream": [registered[slug] for slug in one.upstream],
            }
            models.change(model, values, by=self.admin, at=self.start)
        self._add_workflows()
        self._record_runs(is_early=True)
        self._add_registry()

    def _add_aliases(self) -> None:
        registered = {model.slug: model for model in Model.objects.all()}
        for slug, name in registered_models.ALIASES:
            aliases.add(registered[slug], name=name, by=self.admin, at=self.start)

    def _register_versions(self) -> None:
        registered = {model.slug: model for model in Model.objects.all()}
        for slug, name, parent, stage, data_set, commit, days, trigger in registered_models.VERSIONS:
            versions.register(
                registered[slug],
                name=name,
                parent=registered[slug].versions.filter(name=parent).first(),
                stage=stage,
                data_set=data_set,
                code=f"git.example.org/{slug}@{commit}",
                configuration={"objective": "binary", "tree": {"depth": 6, "learning_rate": 0.05}},
                trigger=trigger,
                made_at=self.now - timedelta(days=days),
                by=self.admin,
                at=self.start,
            )

    def _add_workflows(self) -> None:
        registered = {model.slug: model for model in Model.objects.all()}
        for slug, name, owner, purpose, recipe in registered_models.WORKFLOWS:
            workflows.add(
                model=registered[slug],
                name=name,
                owner=self.people[owner],
                purpose=purpose,
                recipe=recipe,
                by=Actor(self.people[owner], "page"),
                at=self.start,
            )

    def _record_deployments(self) -> None:
        """Record what build servers deployed, the oldest first."""
        registered = {model.slug: model for model in Model.objects.all()}
        for slug, version, environment, days, outcome, note in registered_models.DEPLOYMENTS:
            deployment.record(
                registered[slug],
                version=version,
                details=deployment.DeploymentDetails(
                    environment=environment,
                    deployed_at=self.now - timedelta(days=days),
                    external_id=f"deploy-{slug}-{version}-{environment}",
                    link=f"https://ci.example.org/{slug}/{version}",
                    outcome=outcome,
                    note=note,
                ),
                by=self.admin,
                at=max(self.start, self.now - timedelta(days=days)),
            )

    def _add_registry(self) -> None:
        """Add a registry that is paused, because the sample has no MLflow to read."""
        name, url = "MLflow of the platform", "https://mlflow.example.org"
        made = registries.add(name=name, url=url, by=self.admin, at=self.start)
        registries.change(made, {"is_active": False}, by=self.admin, at=self.start)

    def _record_runs(self, *, is_early: bool) -> None:
        """Record the runs before the start of the sample, or those after it.

        One of them is reproduced, and one repetition had other results.
        """
        for of, name, person_, days, data_set, metrics, repeated, version in registered_models.RUNS:
            workflow = Workflow.objects.select_related("model").get(name=of)
            ended_at = self.now - timedelta(days=days)
            if (ended_at < self.start) != is_early:
                continue
            runs.record(
                workflow=workflow,
                name=name,
                facts=runs.RunFacts(
                    data_set=data_set,
                    code=f"git.example.org/{workflow.model.slug}@{(repeated or name)[-3:]}c0de",
                    parameters={"seed": 7, "folds": 5 if days > 50 else 8},
                    metrics=metrics,
                    artefacts=[{"name": "model.bin", "link": f"s3://models/{workflow.model.slug}/{name}"}],
                ),
                model_version=workflow.model.versions.filter(name=version).first(),
                repeats=workflow.runs.filter(name=repeated).first(),
                started_at=ended_at - timedelta(minutes=48),
                ended_at=ended_at,
                by=Actor(self.people[person_], "api"),
                at=max(self.start, ended_at),
            )

    def _write_rollbacks(self) -> None:
        """Write the rollback procedures of some models, the first one rehearsed."""
        registered = {model.slug: model for model in Model.objects.all()}
        for slug, owner, steps, days in registered_models.ROLLBACKS:
            act: dict[str, Any] = {"by": Actor(self.people[owner], "page"), "at": self.now}
            written = rollbacks.add(registered[slug], steps=steps, owner=self.people[owner], **act)
            if days:
                rollbacks.rehearse(written, on=(self.now - timedelta(days=days)).date(), **act)

    def _assign_rights(self) -> None:
        """Say who decides about models: three defaults of the organisation, and one right of a model."""
        functions = {function.slug: function for function in Function.objects.all()}
        registered = {model.slug: model for model in Model.objects.all()}
        for kind, slug, person_, function, why in registered_models.RIGHTS:
            decision_right.assign(
                kind=kind,
                model=registered[slug] if slug else None,
                who="person" if person_ else ("function" if function else "team_lead"),
                person=self.people.get(person_),
                function=functions.get(function),
                why=why,
                by=self.admin,
                at=self.start,
            )

    def _request_changes(self) -> None:
        """Open a few change requests: two that wait, one of them in review."""
        registered = {model.slug: model for model in Model.objects.all()}
        for slug, kind, person_, title, rollback, effect in registered_models.CHANGES:
            opened_at = self.now - timedelta(days=1)
            starts_at = self.now + timedelta(days=2) if kind == "deployment" else None
            change_request.open(
                model=registered[slug],
                kind=kind,
                title=title,
                plan=change_request.ChangePlan(
                    rollback=rollback,
                    effect=effect,
                    effect_on=(self.now + timedelta(days=14)).date(),
                    window_from=starts_at,
                    window_until=starts_at and starts_at + timedelta(hours=3),
                ),
                by=Actor(self.people[person_], "page"),
                at=opened_at,
            )

    def _plan_meetings(self) -> None:
        """Add the meeting series of all teams: Wednesdays at ten in Berlin."""
        first = self.start.astimezone(self.zone).date()
        first += timedelta(days=(2 - first.weekday()) % 7)
        functions = {function.slug: function for function in Function.objects.all()}
        meeting_series.add(
            name="Model risk forum",
            purpose="Review what changed since last week in all teams, decide, and agree actions.",
            first_on=first,
            starts_at=time(10),
            time_zone=people_and_teams.ZONE,
            rrule="FREQ=WEEKLY;BYDAY=WE",
            teams=list(self.teams.values()),
            functions=[functions[slug] for slug in _ORDER],
            sponsor=self.people["victor"],
            has_observer=True,
            observer_teams=[self.observers],
            place="Room Aare, or the usual call",
            by=self.admin,
            at=self.start,
        )

    def _add_agenda_template(self) -> None:
        """Add a template for a meeting that a risk manager adds to the series once a quarter."""
        name, rows = people_and_teams.AGENDA_TEMPLATE
        items = [{"title": title, "purpose": purpose, "minutes": minutes} for title, purpose, minutes in rows]
        by = Actor(self.people["sofia"], "page")
        agenda_template.add(name=name, items=items, by=by, at=self.start)

    def _save_views(self) -> None:
        """Save views of the list of risks: two that a risk manager shares, and one of her own."""
        for name, query, is_shared in people_and_teams.VIEWS:
            by = Actor(self.people["sofia"], "page")
            saved.add(list="risks", name=name, query=query, is_shared=is_shared, by=by, at=self.start)

    def _set_appetites(self, *, at: datetime) -> None:
        """Set an appetite for all risks, and a smaller one for the models of tier 1."""
        by = Actor(self.people["sofia"], "page")
        why = "Above 15 the executive team wants to know how a risk is reduced."
        appetite.add(max_score=15, plan_days=14, why=why, by=by, at=at)
        why = "Models of tier 1 decide about customers, so a plan is needed earlier."
        appetite.add(max_score=9, tier=1, plan_days=7, why=why, by=by, at=at)

    def _watch(self) -> None:
        """Add a source, points for the thirty days before the start, and thresholds agreed from them."""
        self.source = source.named(
            "feature-monitor", adapter="points", by=Actor(self.people["jonas"], "api"), at=self.start
        )
        first = self.start.astimezone(self.zone).date()
        for back in range(30, 0, -1):
            self._push(first - timedelta(days=back), at=self.start)
        for registered in registered_models.MODELS:
            for metric in registered.metrics:
                self._agree(registered, metric)
        for slug, name, feature, rule, reason in registered_models.RULES:
            series = Series.objects.get(model_name=slug, metric=name, feature=feature)
            version = threshold.propose(series, **rule, reason=reason, by=self._by("wei"), at=self.start)
            threshold.agree(version, by=self._by("sofia"), at=self.start)

    def _agree(self, registered: registered_models.Registered, metric: registered_models.Metric) -> None:
        series = Series.objects.get(model_name=registered.slug, metric=metric.metric, feature=metric.feature)
        version = threshold.propose(
            series,
            direction=metric.direction,
            warning=metric.warning,
            critical=metric.critical,
            clear=metric.clear,
            reason="Set from thirty days of history. To be reviewed after a quarter.",
            by=Actor(self.people["wei"], "page"),
            at=self.start,
        )
        threshold.agree(version, by=Actor(self.people["sofia"], "page"), at=self.start)

    def _push(self, day: date, *, at: datetime) -> None:
        age = (self.now.astimezone(self.zone).date() - day).days
        moment = self._moment(day, 6)
        items_ = [
            {
                "model": registered.slug,
                "metric": metric.metric,
                "feature": metric.feature,
                "kind": str(metric.kind),
                "unit": metric.unit,
                "ts": moment.isoformat(),
                "value": self._value(metric, day, age),
            }
            for registered in registered_models.MODELS
            for metric in registered.metrics
        ]
        reading = readings.read({"points": items_}, at=at)
        points.store(reading, source=self.source, by=Actor(self.people["jonas"], "api"), at=at)
        if at > self.start:
            source.note_delivery(self.source, at=at, status=202, counts={"stored": len(items_)})

    def _value(self, metric: registered_models.Metric, day: date, age: int) -> float:
        value = metric.level + self.chance.gauss(0, metric.noise)
        if metric.drift and age <= metric.drift_from:
            progress = min(1.0, (metric.drift_from - age + 1) / 7)
            recovered = metric.drift_from > 20 and age < metric.drift_from - 12
            value += 0 if recovered else metric.drift * progress
        return round(max(value, 0.0), 4)

    def _series(self, model: str, metric: str, feature: str) -> Series | None:
        return Series.objects.filter(model_name=model, metric=metric, feature=feature).first()

    def _by(self, name: str) -> Actor:
        return Actor(self.people[name], "page")

    def _today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def _moment(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), self.zone).astimezone(ZoneInfo("UTC"))
