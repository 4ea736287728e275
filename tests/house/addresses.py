"""Every address, with the values for its parameters: pages from the resolver, the API from its resources."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from history.models import Event
from riskhub.urls import RESOURCES
from tests.house.world import Objects, World

PAGE_METHODS = ("GET", "POST")
_LISTS = (
    "_list",
    "_heat",
    "_comparison",
    "_export",
    "_counts",
    "_board",
    "search",
    "_new",
    "_create",
    "_open",
    "_raise",
    "_choices",
    "inbox",
    "home",
    "executive",
)


@dataclass(frozen=True)
class Address:
    """An address. name: its name in the table. is_object: whether it can name a restricted object."""

    name: str
    methods: tuple[str, ...]
    url_of: Any  # (World, Objects) -> address
    object_of: Any = None  # (World, Objects) -> the object whose version a write to this page must name

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api/")

    @property
    def is_list(self) -> bool:
        """Return True if it shows many objects, or a form that can name one in its query."""
        if self.is_api:
            return "<" not in self.name and "GET" in self.methods
        return self.name.endswith(_LISTS)


def pages() -> Iterator[Address]:
    """Yield every named page with its methods, once for each step in its pattern."""
    for name, pattern in named_patterns(get_resolver().url_patterns):
        if name in {"reference", "schema"}:
            yield Address(name, ("GET",), _page(name, {}))
            continue
        methods = _methods_of(pattern.callback)
        spelled = re.search(r"\(\?P<(step|way|name|form)>([a-z|-]+)\)", str(pattern.pattern))
        for word in spelled[2].split("|") if spelled else [""]:
            fixed = {spelled[1]: word} if spelled else {}
            whole = f"{name}/{word}" if word else name
            yield Address(whole, methods, _page(name, fixed), _object(name))


def _methods_of(view: Callable | None) -> tuple[str, ...]:
    """Return which of GET and POST a view accepts. Django's decorators keep the methods in their closure."""
    while view is not None:
        known = inspect.getclosurevars(view).nonlocals if inspect.isfunction(view) else {}
        accepted = known.get("request_method_list")
        if accepted is not None:
            return tuple(method for method in PAGE_METHODS if method in accepted)
        view = getattr(view, "__wrapped__", None)
    return PAGE_METHODS


def resources() -> Iterator[Address]:
    """Yield every resource of the API with its methods."""
    for address, _ in RESOURCES:
        yield resource(address)


def resource(address: str) -> Address:
    return Address(f"api/{address}", tuple(dict(RESOURCES)[address].permission), _resource(address))


def named_patterns(patterns: Any, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield the pattern of each page with its name. Raises AssertionError for one without a name."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from named_patterns(one.url_patterns, f"{one.namespace}:" if one.namespace else space)
        elif isinstance(one, URLPattern) and one.name:
            yield f"{space}{one.name}", one
        elif isinstance(one, URLPattern) and not str(one.pattern).startswith("api/v1/"):
            raise AssertionError(f"The address {one.pattern} has no name.")


def _page(name: str, fixed: dict[str, str]) -> Any:
    def url(world: World, objects: Objects) -> str:
        return reverse(name, kwargs={**fixed, **_asked(name, world, objects)})

    return url


def _asked(name: str, world: World, objects: Objects) -> dict[str, Any]:
    """Return the values of a page's address, by the first rule that matches its name."""
    known = world.keys(objects)
    for beginning, rule in _RULES:
        if name.startswith(beginning):
            return rule(world, objects, known)
    return {}


_RULES: tuple[tuple[str, Any], ...] = (
    ("later_panels", lambda w, o, k: {"pk": o.risk.subject_id}),
    ("why", lambda w, o, k: {"kind": "threshold", "pk": k["signals:version"]}),
    ("start_here", lambda w, o, k: {"slug": k["team"].slug}),
    ("hand_over", lambda w, o, k: {"pk": w.people["mate"].pk}),
    ("people:set_up", lambda w, o, k: {"secret": "no-such-secret"}),
    ("people:person_factor_remove", lambda w, o, k: {"pk": w.people["mate"].pk, "factor": NO_ID}),
    ("people:factor_remove", lambda w, o, k: {"pk": NO_ID}),
    ("people:passkey_rename", lambda w, o, k: {"pk": NO_ID}),
    ("people:provider_unlink", lambda w, o, k: {"pk": NO_ID}),
    ("people:session_end", lambda w, o, k: {"pk": NO_ID}),
    ("openid_connect_", lambda w, o, k: {"provider_id": "no-such-provider"}),
    ("people:reset_link", lambda w, o, k: {"pk": w.people["mate"].pk, "token": "no-such-token"}),
    ("people:invited", lambda w, o, k: {"secret": "no-such-secret"}),
    ("people:invitation_list", lambda w, o, k: {}),
    ("people:invitation_create", lambda w, o, k: {}),
    ("people:invitation_", lambda w, o, k: {"pk": k["invitation"].pk}),
    ("people:password_link", lambda w, o, k: {"pk": w.people["mate"].pk, "token": "no-such-token"}),
    ("people:be_back", lambda w, o, k: {"pk": k["absence"].pk}),
    ("people:function_create", lambda w, o, k: {}),
    ("people:function_", lambda w, o, k: {"pk": k["function"].pk}),
    ("people:roster_", lambda w, o, k: {"pk": k["function"].pk}),
    ("people:calendar_", lambda w, o, k: {"pk": k["function"].pk}),
    ("people:day_off_remove", lambda w, o, k: {"day": "2026-12-24"}),
    ("people:revoke_token", lambda w, o, k: {"pk": k["token"].pk}),
    ("people:token_", lambda w, o, k: {"pk": k["token"].pk}),
    ("people:tokens_revoke", lambda w, o, k: {"pk": w.people["owner"].pk}),
    ("people:service_account_list", lambda w, o, k: {}),
    ("people:service_account_create", lambda w, o, k: {}),
    ("people:service_account_", lambda w, o, k: {"pk": k["robot"].pk}),
    ("people:person_list", lambda w, o, k: {}),
    ("people:person_create", lambda w, o, k: {}),
    ("people:person_", lambda w, o, k: {"pk": w.people["mate"].pk}),
    ("people:team_by_id", lambda w, o, k: {"pk": k["team"].pk}),
    ("people:team_list", lambda w, o, k: {}),
    ("people:team_create", lambda w, o, k: {}),
    ("people:team_leave", lambda w, o, k: {"slug": k["team"].slug, "pk": w.people["mate"].pk}),
    ("people:team_", lambda w, o, k: {"slug": k["team"].slug}),
    ("incidents:postmortem_list", lambda w, o, k: {}),
    ("incidents:postmortem_by_id", lambda w, o, k: {"pk": o.postmortem.pk}),
    ("incidents:postmortem_", lambda w, o, k: {"reference": o.postmortem.incident.reference}),
    ("incidents:duty_list", lambda w, o, k: {}),
    ("incidents:duty_create", lambda w, o, k: {}),
    ("incidents:duty_", lambda w, o, k: {"pk": k["duty"].pk}),
    ("incidents:mine", lambda w, o, k: {}),
    ("incidents:incident_list", lambda w, o, k: {}),
    ("incidents:incident_export", lambda w, o, k: {}),
    ("incidents:incident_create", lambda w, o, k: {}),
    (
        "incidents:timeline_edit",
        lambda w, o, k: {"reference": o.incident.reference, "pk": o.incident.entries.get().pk},
    ),
    (
        "incidents:timeline_remove",
        lambda w, o, k: {"reference": o.incident.reference, "pk": o.incident.entries.get().pk},
    ),
    (
        "incidents:model_remove",
        lambda w, o, k: {"reference": o.incident.reference, "pk": o.incident.involved.get().pk},
    ),
    ("incidents:", lambda w, o, k: {"reference": k["incidents:incident"]}),
    ("actions:action_list", lambda w, o, k: {}),
    ("actions:action_board", lambda w, o, k: {}),
    ("actions:action_create", lambda w, o, k: {}),
    ("actions:action_export", lambda w, o, k: {}),
    ("actions:follow_through", lambda w, o, k: {}),
    ("actions:action_bulk", lambda w, o, k: {}),
    ("actions:", lambda w, o, k: {"reference": k["actions:action"]}),
    ("catalogue:model_list", lambda w, o, k: {}),
    ("catalogue:model_create", lambda w, o, k: {}),
    ("catalogue:model_import", lambda w, o, k: {}),
    ("catalogue:change_list", lambda w, o, k: {}),
    ("catalogue:change_create", lambda w, o, k: {}),
    ("catalogue:change_", lambda w, o, k: {"reference": o.change.reference}),
    ("catalogue:right_list", lambda w, o, k: {}),
    ("catalogue:right_create", lambda w, o, k: {}),
    ("catalogue:right_", lambda w, o, k: {"pk": o.right.pk}),
    ("catalogue:alias_create", lambda w, o, k: {}),
    ("catalogue:validation_list", lambda w, o, k: {}),
    ("catalogue:validation_create", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("catalogue:validation_", lambda w, o, k: {"pk": o.validation.pk}),
    ("catalogue:concentration", lambda w, o, k: {}),
    ("catalogue:alias_remove", lambda w, o, k: {"pk": o.alias.pk}),
    ("catalogue:version_create", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("catalogue:deployment_list", lambda w, o, k: {}),
    ("catalogue:readiness_list", lambda w, o, k: {}),
    ("catalogue:rollback_create", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("catalogue:rollback_", lambda w, o, k: {"pk": o.rollback.pk}),
    ("catalogue:deployment_create", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("catalogue:deployment_", lambda w, o, k: {"pk": o.deployment.pk}),
    ("catalogue:version_", lambda w, o, k: {"pk": o.trained.pk}),
    ("catalogue:run_list", lambda w, o, k: {}),
    ("catalogue:run_compare", lambda w, o, k: {}),
    ("catalogue:run_export", lambda w, o, k: {}),
    ("catalogue:workflow_export", lambda w, o, k: {}),
    ("catalogue:run_create", lambda w, o, k: {"pk": o.workflow.pk}),
    ("catalogue:run_", lambda w, o, k: {"pk": o.run.pk}),
    ("catalogue:workflow_list", lambda w, o, k: {}),
    ("catalogue:workflow_create", lambda w, o, k: {}),
    ("catalogue:workflow_step", lambda w, o, k: {"pk": o.workflow.pk, "step": "retire"}),
    ("catalogue:workflow_", lambda w, o, k: {"pk": o.workflow.pk}),
    ("catalogue:registry_list", lambda w, o, k: {}),
    ("catalogue:registry_create", lambda w, o, k: {}),
    ("catalogue:registry_", lambda w, o, k: {"pk": k["registry"].pk}),
    ("catalogue:model_by_id", lambda w, o, k: {"pk": k["catalogue:pk"]}),
    ("catalogue:", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("learnings:learning_list", lambda w, o, k: {}),
    ("learnings:learning_export", lambda w, o, k: {}),
    ("learnings:learning_feed", lambda w, o, k: {}),
    ("learnings:learning_create", lambda w, o, k: {}),
    ("learnings:learning_preview", lambda w, o, k: {}),
    ("learnings:feed_at_address", lambda w, o, k: {"secret": "no-such-secret"}),
    ("learnings:address_create", lambda w, o, k: {}),
    ("learnings:address_", lambda w, o, k: {"pk": k["feed_address"].pk}),
    ("learnings:address", lambda w, o, k: {}),
    ("learnings:read_all", lambda w, o, k: {}),
    ("learnings:my_week", lambda w, o, k: {}),
    ("learnings:learning_vote", lambda w, o, k: {"reference": o.use.learning.reference}),
    ("learnings:learning_choose", lambda w, o, k: {"reference": o.use.learning.reference}),
    ("learnings:use_withdraw", lambda w, o, k: {"pk": o.use.pk}),
    ("learnings:use_", lambda w, o, k: {"reference": o.use.learning.reference}),
    ("learnings:glossary_list", lambda w, o, k: {}),
    ("learnings:glossary_create", lambda w, o, k: {}),
    ("learnings:glossary_fill", lambda w, o, k: {}),
    ("learnings:glossary_by_id", lambda w, o, k: {"pk": k["word"].pk}),
    ("learnings:glossary_", lambda w, o, k: {"slug": k["word"].slug}),
    ("learnings:lesson_list", lambda w, o, k: {}),
    ("learnings:lesson_", lambda w, o, k: {"slug": "drift"}),
    ("learnings:session_list", lambda w, o, k: {}),
    ("learnings:session_create", lambda w, o, k: {}),
    ("learnings:session_", lambda w, o, k: {"pk": o.session.pk}),
    ("learnings:recognition_list", lambda w, o, k: {}),
    ("learnings:recognition_create", lambda w, o, k: {}),
    ("learnings:recognition_", lambda w, o, k: {"pk": o.recognition.pk}),
    ("learnings:", lambda w, o, k: {"reference": k["learnings:learning"]}),
    ("meetings:meeting_list", lambda w, o, k: {}),
    ("meetings:series_create", lambda w, o, k: {}),
    ("meetings:series_", lambda w, o, k: {"pk": k["meetings:series"]}),
    ("meetings:agenda_template_list", lambda w, o, k: {}),
    ("meetings:agenda_template_create", lambda w, o, k: {}),
    ("meetings:agenda_template_", lambda w, o, k: {"pk": k["agenda_template"].pk}),
    ("meetings:memory_of_model", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("meetings:memory_of_team", lambda w, o, k: {"slug": k["team"].slug}),
    ("meetings:duties", lambda w, o, k: {}),
    ("meetings:check_in_list", lambda w, o, k: {}),
    ("meetings:check_in_create", lambda w, o, k: {}),
    ("meetings:check_in_", lambda w, o, k: {"pk": o.check_in.pk}),
    ("meetings:swap_ask", lambda w, o, k: {"reference": k["meetings:meeting"]}),
    ("meetings:swap_", lambda w, o, k: {"pk": k["swap"].pk}),
    ("meetings:calendar_create", lambda w, o, k: {}),
    ("meetings:calendar_feed", lambda w, o, k: {"secret": "no-such-secret"}),
    ("meetings:calendar_", lambda w, o, k: {"pk": k["calendar_feed"].pk}),
    ("meetings:calendar", lambda w, o, k: {}),
    ("meetings:focus_create", lambda w, o, k: {"pk": k["meetings:series"]}),
    ("meetings:focus_", lambda w, o, k: {"pk": k["meetings:focus"]}),
    ("meetings:item_place", lambda w, o, k: {}),
    ("meetings:item_add", lambda w, o, k: {"reference": k["meetings:meeting"]}),
    ("meetings:item_", lambda w, o, k: {"pk": k["meetings:item"]}),
    ("meetings:decision_list", lambda w, o, k: {}),
    ("meetings:decision_create", lambda w, o, k: {}),
    ("meetings:decision_export", lambda w, o, k: {}),
    ("meetings:decision_", lambda w, o, k: {"reference": k["meetings:decision"]}),
    ("meetings:tripwire_", lambda w, o, k: {"pk": k["meetings:tripwire"]}),
    ("meetings:meeting_live", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:meeting_pulse", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:meeting_attend", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:meeting_take_control", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:meeting_hand_over", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:meeting_close", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:meeting_minutes", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:minutes_", lambda w, o, k: {"reference": k["meetings:live"]}),
    ("meetings:", lambda w, o, k: {"reference": k["meetings:meeting"]}),
    ("notices:stop_digest", lambda w, o, k: {"token": "no-such-token"}),
    ("notices:digest_week", lambda w, o, k: {"week": "2026-W47"}),
    ("notices:mail_list", lambda w, o, k: {}),
    ("notices:mail_held", lambda w, o, k: {}),
    ("notices:sending_start", lambda w, o, k: {}),
    ("notices:mail_", lambda w, o, k: {"pk": k["message"].pk}),
    ("notices:webhook_list", lambda w, o, k: {}),
    ("notices:webhook_create", lambda w, o, k: {}),
    ("notices:webhook_", lambda w, o, k: {"pk": k["webhook"].pk}),
    ("risklog:category_list", lambda w, o, k: {}),
    ("risklog:category_new", lambda w, o, k: {}),
    ("risklog:category_meaning", lambda w, o, k: {}),
    ("risklog:category_by_id", lambda w, o, k: {"pk": k["risklog:category"].pk}),
    ("risklog:category_", lambda w, o, k: {"slug": k["risklog:category"].slug}),
    ("risklog:review_list", lambda w, o, k: {}),
    ("risklog:review_open", lambda w, o, k: {}),
    ("risklog:review_", lambda w, o, k: {"reference": k["risklog:review"]}),
    ("risklog:escalation_list", lambda w, o, k: {}),
    ("risklog:escalation_raise", lambda w, o, k: {}),
    ("risklog:escalation_", lambda w, o, k: {"reference": k["risklog:escalation"]}),
    ("risklog:experiment_list", lambda w, o, k: {}),
    ("risklog:experiment_export", lambda w, o, k: {}),
    ("risklog:experiment_create", lambda w, o, k: {}),
    ("risklog:experiment_from_pattern", lambda w, o, k: {}),
    ("risklog:experiment_from", lambda w, o, k: {"reference": o.risk.reference}),
    (
        "risklog:experiment_run_remove",
        lambda w, o, k: {"reference": o.experiment.reference, "pk": o.linked_run.pk},
    ),
    ("risklog:experiment_", lambda w, o, k: {"reference": o.experiment.reference}),
    ("risklog:challenge_", lambda w, o, k: {"reference": o.experiment.reference, "pk": o.challenge.pk}),
    ("risklog:matrix_by_id", lambda w, o, k: {"pk": 1}),
    ("risklog:matrix_", lambda w, o, k: {}),
    ("risklog:template_list", lambda w, o, k: {}),
    ("risklog:template_new", lambda w, o, k: {}),
    ("risklog:template_seed", lambda w, o, k: {}),
    ("risklog:template_", lambda w, o, k: {"pk": k["risklog:template"].pk}),
    ("risklog:filled_list", lambda w, o, k: {}),
    ("risklog:filled_new", lambda w, o, k: {}),
    ("risklog:filled_compare", lambda w, o, k: {}),
    ("risklog:filled_", lambda w, o, k: {"reference": k["risklog:filled"].reference}),
    ("risklog:appetite_new", lambda w, o, k: {}),
    ("risklog:appetite_", lambda w, o, k: {"pk": k["risklog:appetite"].pk}),
    ("risklog:ladder_list", lambda w, o, k: {}),
    ("risklog:ladder_create", lambda w, o, k: {}),
    ("risklog:ladder_", lambda w, o, k: {"pk": k["risklog:ladder"].pk}),
    ("risklog:import_list", lambda w, o, k: {}),
    ("risklog:import_", lambda w, o, k: {"pk": k["risklog:import"].pk}),
    ("risklog:check_list", lambda w, o, k: {}),
    ("risklog:risk_list", lambda w, o, k: {}),
    ("risklog:risk_bulk_", lambda w, o, k: {}),
    ("risklog:risk_export", lambda w, o, k: {}),
    ("risklog:risk_columns", lambda w, o, k: {}),
    ("risklog:team_comparison", lambda w, o, k: {}),
    ("risklog:risk_heat", lambda w, o, k: {}),
    ("risklog:risk_new", lambda w, o, k: {}),
    ("risklog:risk_like", lambda w, o, k: {}),
    ("risklog:risk_choices", lambda w, o, k: {"what": "owner"}),
    ("risklog:risk_from_pattern", lambda w, o, k: {}),
    ("risklog:risk_from_breach", lambda w, o, k: {"reference": k["signals:breach"]}),
    ("risklog:", lambda w, o, k: {"reference": k["risklog:risk"]}),
    ("signals:breach_list", lambda w, o, k: {}),
    ("signals:breach_", lambda w, o, k: {"reference": k["signals:breach"]}),
    ("signals:pattern_list", lambda w, o, k: {}),
    ("signals:series_", lambda w, o, k: {"pk": k["signals:series"]}),
    ("signals:dashboard_list", lambda w, o, k: {}),
    ("signals:dashboard_create", lambda w, o, k: {}),
    ("signals:dashboard_of_model", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("signals:dashboard_of_team", lambda w, o, k: {"slug": k["team"].slug}),
    ("signals:dashboard_of_focus", lambda w, o, k: {"kind": "drift"}),
    ("signals:dashboard_", lambda w, o, k: {"pk": k["signals:dashboard"]}),
    ("signals:snapshot_list", lambda w, o, k: {}),
    ("signals:snapshot_of_series", lambda w, o, k: {"pk": o.series.pk}),
    ("signals:snapshot_create", lambda w, o, k: {"pk": k["signals:dashboard"]}),
    ("signals:snapshot_of_model", lambda w, o, k: {"slug": k["catalogue:slug"]}),
    ("signals:snapshot_of_team", lambda w, o, k: {"slug": k["team"].slug}),
    ("signals:snapshot_of_focus", lambda w, o, k: {"kind": "drift"}),
    ("signals:snapshot_", lambda w, o, k: {"pk": k["signals:snapshot"]}),
    ("signals:backtest", lambda w, o, k: {"pk": k["signals:series"]}),
    ("signals:mute_create", lambda w, o, k: {"pk": k["signals:threshold"]}),
    ("signals:mute_", lambda w, o, k: {"pk": k["signals:mute"]}),
    ("signals:threshold_list", lambda w, o, k: {}),
    ("signals:threshold_create", lambda w, o, k: {"pk": k["signals:series"]}),
    ("signals:threshold_agree", lambda w, o, k: {"pk": k["signals:version"]}),
    ("signals:threshold_decline", lambda w, o, k: {"pk": k["signals:version"]}),
    ("signals:threshold_", lambda w, o, k: {"pk": k["signals:threshold"]}),
    ("signals:source_list", lambda w, o, k: {}),
    ("signals:source_create", lambda w, o, k: {}),
    ("signals:source_", lambda w, o, k: {"pk": k["source"].pk}),
    ("signals:delivery_", lambda w, o, k: {"pk": k["source"].pk, "number": k["delivery"].pk}),
    ("saved:view_list", lambda w, o, k: {}),
    ("saved:view_new", lambda w, o, k: {}),
    ("saved:view_counts", lambda w, o, k: {"name": "risks"}),
    ("leaders:executive", lambda w, o, k: {}),
    ("leaders:sponsor_answer", lambda w, o, k: {"reference": o.action.reference}),
    ("leaders:acceptance_answer", lambda w, o, k: {"pk": o.acceptance.pk}),
    ("leaders:allotment_create", lambda w, o, k: {}),
    ("leaders:goal_list", lambda w, o, k: {}),
    ("leaders:goal_create", lambda w, o, k: {}),
    ("leaders:goal_", lambda w, o, k: {"pk": k["goal"].pk}),
    ("saved:view_", lambda w, o, k: {"pk": o.view.pk}),
    ("talk:comment_create", lambda w, o, k: {}),
    ("talk:comment_preview", lambda w, o, k: {}),
    ("talk:comment", lambda w, o, k: {"pk": o.comment.pk}),
    ("talk:file_add", lambda w, o, k: {}),
    ("talk:file_content", lambda w, o, k: {"pk": o.file.pk, "name": "notes.txt"}),
    ("talk:file", lambda w, o, k: {"pk": o.file.pk}),
    ("talk:tag_", lambda w, o, k: {}),
)

# The object that a page writes, by the beginning of the page's name. A page that creates has one as well, but
# reads no version.
_OBJECTS: tuple[tuple[str, Any], ...] = (
    ("hand_over", lambda w, o: w.people["mate"]),
    ("retention", lambda w, o: w.extra["organisation"]),
    ("people:person_", lambda w, o: w.people["mate"]),
    ("people:team_", lambda w, o: w.extra["team"]),
    ("people:settings", lambda w, o: w.extra["organisation"]),
    ("people:roster_", lambda w, o: w.extra["roster"]),
    ("people:token_", lambda w, o: w.extra["token"]),
    ("people:service_account_", lambda w, o: w.extra["robot"]),
    ("people:invitation_", lambda w, o: w.extra["invitation"]),
    ("notices:webhook_", lambda w, o: w.extra["webhook"]),
    ("incidents:postmortem_", lambda w, o: o.postmortem),
    ("incidents:duty_", lambda w, o: w.extra["duty"]),
    ("incidents:timeline_edit", lambda w, o: o.incident.entries.get()),
    ("incidents:timeline_remove", lambda w, o: o.incident.entries.get()),
    ("incidents:model_remove", lambda w, o: o.incident.involved.get()),
    ("incidents:", lambda w, o: o.incident),
    ("actions:", lambda w, o: o.action),
    ("catalogue:right_", lambda w, o: o.right),
    ("catalogue:change_", lambda w, o: o.change),
    ("catalogue:alias_remove", lambda w, o: o.alias),
    ("catalogue:validation_create", lambda w, o: o.model),
    ("catalogue:validation_", lambda w, o: o.validation),
    ("catalogue:version_create", lambda w, o: o.model),
    ("catalogue:deployment_create", lambda w, o: o.model),
    ("catalogue:rollback_create", lambda w, o: o.model),
    ("catalogue:rollback_", lambda w, o: o.rollback),
    ("catalogue:deployment_", lambda w, o: o.deployment),
    ("catalogue:version_", lambda w, o: o.trained),
    ("catalogue:workflow_", lambda w, o: o.workflow),
    ("catalogue:registry_", lambda w, o: w.extra["registry"]),
    ("catalogue:run_create", lambda w, o: o.workflow),
    ("catalogue:run_", lambda w, o: o.run),
    ("catalogue:", lambda w, o: o.model),
    ("learnings:use_", lambda w, o: o.use),
    ("learnings:glossary_", lambda w, o: w.extra["word"]),
    ("learnings:lesson_", None),
    ("learnings:address", None),  # without a version, as the calendar addresses
    ("learnings:session_", lambda w, o: o.session),
    ("learnings:recognition_", lambda w, o: o.recognition),
    ("learnings:", lambda w, o: o.learning),
    ("leaders:goal_", lambda w, o: w.extra["goal"]),
    ("leaders:sponsor_answer", lambda w, o: o.action),
    ("leaders:acceptance_answer", lambda w, o: o.acceptance),
    ("meetings:series_", lambda w, o: w.extra["series"]),
    ("meetings:focus_", lambda w, o: w.extra["focus"]),
    ("meetings:item_", lambda w, o: o.item),
    ("meetings:decision_", lambda w, o: o.decision),
    ("meetings:agenda_template_", lambda w, o: w.extra["agenda_template"]),
    ("meetings:check_in_", lambda w, o: o.check_in),
    ("meetings:swap_ask", lambda w, o: w.extra["coming"]),
    ("meetings:swap_", lambda w, o: w.extra["swap"]),
    ("meetings:tripwire_", lambda w, o: o.tripwire),
    ("meetings:meeting_attend", lambda w, o: w.extra["live"]),
    ("meetings:meeting_take_control", lambda w, o: w.extra["live"]),
    ("meetings:meeting_hand_over", lambda w, o: w.extra["live"]),
    ("meetings:meeting_close", lambda w, o: w.extra["live"]),
    ("meetings:meeting_", lambda w, o: w.extra["coming"]),
    ("meetings:handover_", lambda w, o: w.extra["coming"]),
    ("risklog:category_", lambda w, o: w.extra["risklog:category"]),
    ("risklog:review_", lambda w, o: o.review),
    ("risklog:escalation_", lambda w, o: o.escalation),
    ("risklog:experiment_run_remove", lambda w, o: o.linked_run),
    ("risklog:experiment_", lambda w, o: o.experiment),
    ("risklog:challenge_", lambda w, o: o.challenge),
    ("risklog:matrix_", lambda w, o: w.extra["risklog:matrix"]),
    ("risklog:template_", lambda w, o: w.extra["risklog:template"]),
    ("risklog:filled_", lambda w, o: w.extra["risklog:filled"]),
    ("risklog:appetite_", lambda w, o: w.extra["risklog:appetite"]),
    ("risklog:ladder_", lambda w, o: w.extra["risklog:ladder"]),
    ("risklog:import_", lambda w, o: w.extra["risklog:import"]),
    ("risklog:risk_", lambda w, o: o.risk),
    ("signals:series_", lambda w, o: o.series),
    ("signals:dashboard_", lambda w, o: o.dashboard),
    ("signals:mute_", lambda w, o: o.mute),
    ("signals:threshold_agree", lambda w, o: o.version),
    ("signals:threshold_decline", lambda w, o: o.version),
    ("signals:threshold_", lambda w, o: o.threshold),
    ("signals:source_", lambda w, o: w.extra["source"]),
    ("signals:delivery_", lambda w, o: w.extra["source"]),
    ("saved:view_", lambda w, o: o.view),
    ("talk:comment_", lambda w, o: o.comment),
    ("talk:file_", lambda w, o: o.file),
)


def _object(name: str) -> Any:
    return next((of for beginning, of in _OBJECTS if name.startswith(beginning)), None)


_LIVE = ("attendance", "close", "control", "minutes")
NO_ID = 7_759_999  # of no row


def _first_event(subject_id: int) -> int:
    events = Event.objects.filter(subject=subject_id).order_by("pk")
    return events.values_list("pk", flat=True).first() or NO_ID


def _learning(objects: Objects, rest: str) -> Any:
    """Return the learning of an address: a published one for what can be done only to that."""
    of_published = rest.endswith(("uses", "votes", "withdraw", "choose", "<str:number>")) and "/" in rest
    return objects.use.learning if of_published and rest != "<str:key>/withdraw" else objects.learning


def _resource(address: str) -> Any:
    first, _, rest = address.partition("/")

    def url(world: World, objects: Objects) -> str:
        known = world.keys(objects)
        keys = {
            "people": world.people["mate"].pk,
            "teams": known["team"].slug,
            "functions": known["function"].slug,
            "duties": known["roster"].pk,
            "me": NO_ID,
            "invitations": known["invitation"].pk,
            "webhook-endpoints": known["webhook"].pk,
            "holidays": "2026-12-24",
            "absences": known["absence"].pk,
            "tokens": known["token"].pk,
            "service-accounts": known["robot"].pk,
            "models": objects.model.slug,
            "registries": known["registry"].pk,
            "decision-rights": objects.right.pk,
            "workflows": objects.workflow.pk,
            "runs": objects.run.pk,
            "series": objects.series.pk,
            "charts": objects.series.pk,
            "dashboards": objects.dashboard.pk,
            "snapshots": objects.snapshot.pk,
            "thresholds": objects.threshold.pk,
            "threshold-versions": objects.version.pk,
            "breaches": objects.group.reference,
            "sources": known["source"].slug,
            "intake": "evidently",
            "risks": objects.risk.reference,
            "imports": known["risklog:import"].pk,
            "categories": known["risklog:category"].slug,
            "templates": known["risklog:template"].pk,
            "filled-templates": known["risklog:filled"].reference,
            "appetites": known["risklog:appetite"].pk,
            "review-requests": objects.review.reference,
            "escalations": objects.escalation.reference,
            "experiments": objects.experiment.reference,
            "ladders": known["risklog:ladder"].pk,
            "meeting-series": known["meetings:series"],
            "meetings": known["meetings:live" if rest.endswith(_LIVE) else "meetings:meeting"],
            "agenda-items": objects.item.pk,
            "agenda-templates": known["agenda_template"].pk,
            "check-ins": objects.check_in.pk,
            "decisions": objects.decision.reference,
            "change-requests": objects.change.reference,
            "incidents": objects.incident.reference,
            "post-incident-reviews": objects.postmortem.pk,
            "reporting-duties": known["duty"].pk,
            "actions": objects.action.reference,
            "goals": known["goal"].pk,
            "executive": objects.action.reference,
            "learnings": _learning(objects, rest).reference,
            "recognitions": objects.recognition.pk,
            "learning-sessions": objects.session.pk,
            "glossary": known["word"].slug,
            "lessons": "drift",
            "comments": objects.comment.pk,
            "files": objects.file.pk,
            "views": objects.view.pk,
            "events": _first_event(objects.risk.subject_id),
        }
        numbers = {
            "/swaps/": known["swap"].pk,
            "/sign-ups/": objects.sign_up.pk,
            "/tripwires/": objects.tripwire.pk,
            "/versions/": objects.trained.pk,
            "/aliases/": objects.alias.pk,
            "/validations/": objects.validation.pk,
            "/deployments/": objects.deployment.pk,
            "/deliveries/": known["delivery"].pk,
            "/mutes/": objects.mute.pk,
            "/rollbacks/": objects.rollback.pk,
            "/timeline/": objects.incident.entries.get().pk,
            "/models/": objects.incident.involved.get().pk,
            "/challenges/": objects.challenge.pk,
            "experiments/<str:key>/runs/": objects.linked_run.pk,
            "/uses/": objects.use.pk,
        }
        number = next((number for part, number in numbers.items() if part in address), NO_ID)
        with_number = address.replace("<str:number>", str(number)).replace("<str:week>", "2026-W47")
        return "/api/v1/" + re.sub(r"<str:\w+>", str(keys.get(first, "")), with_number)

    return url
