"""The addresses of this room's pages, all below /risks/: one list per noun."""

from django.urls import path, re_path

from risklog.views import (
    appetite,
    bulk,
    by_team,
    challenge,
    duplicate,
    escalation,
    experiment,
    filled_template,
    imports,
    inline,
    ladder,
    matrix,
    register,
    register_checks,
    review,
    risk,
    scoring,
    step,
    taxonomy,
    template,
)

app_name = "risklog"

category_pages: list = [
    path("categories/", taxonomy.category_list, name="category_list"),
    path("categories/new/", taxonomy.category_new, name="category_new"),
    path("categories/id/<int:pk>/", taxonomy.category_by_id, name="category_by_id"),
    path("categories/meaning/", taxonomy.category_meaning, name="category_meaning"),
    path("categories/<slug:slug>/", taxonomy.category_detail, name="category_detail"),
    path("categories/<slug:slug>/edit/", taxonomy.category_edit, name="category_edit"),
    re_path(
        r"^categories/(?P<slug>[-\w]+)/(?P<name>retire|restore|merge)/$",
        taxonomy.category_step,
        name="category_step",
    ),
]
review_pages: list = [
    path("reviews/", review.review_list, name="review_list"),
    path("reviews/new/", review.review_open, name="review_open"),
    path("reviews/<str:reference>/", review.review_detail, name="review_detail"),
    re_path(
        r"^reviews/(?P<reference>[^/]+)/(?P<step>answer|ask|claim|hand-over|give-back|settle|withdraw|reopen)/$",
        review.review_step,
        name="review_step",
    ),
]
escalation_pages: list = [
    path("escalations/", escalation.escalation_list, name="escalation_list"),
    path("escalations/new/", escalation.escalation_raise, name="escalation_raise"),
    path("escalations/<str:reference>/", escalation.escalation_detail, name="escalation_detail"),
    re_path(
        r"^escalations/(?P<reference>[^/]+)/(?P<step>ask-reveal|confirm-reveal|decline-reveal)/$",
        escalation.escalation_reveal,
        name="escalation_reveal",
    ),
    re_path(
        r"^escalations/(?P<reference>[^/]+)/(?P<step>acknowledge|call-again|pause|resume|hand-over|step-down|resolve)/$",
        escalation.escalation_step,
        name="escalation_step",
    ),
    path("ladder/", ladder.ladder_list, name="ladder_list"),
    path("ladder/new/", ladder.ladder_create, name="ladder_create"),
    path("ladder/<int:pk>/", ladder.ladder_by_id, name="ladder_by_id"),
    path("ladder/<int:pk>/edit/", ladder.ladder_edit, name="ladder_edit"),
    path("ladder/<int:pk>/retire/", ladder.ladder_retire, name="ladder_retire"),
]
experiment_pages: list = [
    path("experiments/", experiment.experiment_list, name="experiment_list"),
    path("experiments/export/", experiment.experiment_export, name="experiment_export"),
    path("experiments/new/", experiment.experiment_create, name="experiment_create"),
    path("experiments/from/<str:reference>/", experiment.experiment_from, name="experiment_from"),
    path("experiments/from-pattern/", experiment.experiment_from_pattern, name="experiment_from_pattern"),
    path("experiments/<str:reference>/", experiment.experiment_detail, name="experiment_detail"),
    path("experiments/<str:reference>/edit/", experiment.experiment_edit, name="experiment_edit"),
    path("experiments/<str:reference>/plan/", experiment.experiment_plan, name="experiment_plan"),
    path("experiments/<str:reference>/sight/", experiment.experiment_sight, name="experiment_sight"),
    path("experiments/<str:reference>/runs/", challenge.experiment_run, name="experiment_run"),
    path(
        "experiments/<str:reference>/runs/<int:pk>/remove/",
        challenge.experiment_run_remove,
        name="experiment_run_remove",
    ),
    path(
        "experiments/<str:reference>/challenge/", challenge.experiment_challenge, name="experiment_challenge"
    ),
    path(
        "experiments/<str:reference>/challenges/<int:pk>/answer/",
        challenge.challenge_answer,
        name="challenge_answer",
    ),
    re_path(
        r"^experiments/(?P<reference>[^/]+)/(?P<step>start|finish|cancel)/$",
        experiment.experiment_step,
        name="experiment_step",
    ),
]
template_pages: list = [
    path("templates/", template.template_list, name="template_list"),
    path("templates/new/", template.template_new, name="template_new"),
    path("templates/first/", template.template_seed, name="template_seed"),
    path("templates/<int:pk>/", template.template_detail, name="template_detail"),
    path("templates/<int:pk>/edit/", template.template_edit, name="template_edit"),
    re_path(
        r"^templates/(?P<pk>[0-9]+)/(?P<name>retire|restore)/$",
        template.template_step,
        name="template_step",
    ),
    path("filled-templates/", filled_template.filled_list, name="filled_list"),
    path("filled-templates/new/", filled_template.filled_new, name="filled_new"),
    path("filled-templates/compare/", filled_template.filled_compare, name="filled_compare"),
    path("filled-templates/<str:reference>/", filled_template.filled_detail, name="filled_detail"),
    path("filled-templates/<str:reference>/edit/", filled_template.filled_edit, name="filled_edit"),
]
# The risk's own pages come last: /risks/<reference>/ matches every other address.
risk_pages: list = [
    path("", register.risk_list, name="risk_list"),
    path("export/", register.risk_export, name="risk_export"),
    path("bulk/", bulk.risk_bulk_change, name="risk_bulk_change"),
    path("bulk/undo/", bulk.risk_bulk_restore, name="risk_bulk_undo"),
    path("checks/", register_checks.check_list, name="check_list"),
    path("teams/", by_team.team_comparison, name="team_comparison"),
    path("columns/", register.risk_choose_columns, name="risk_columns"),
    path("heat/", register.risk_heat, name="risk_heat"),
    path("matrix/", matrix.matrix_show, name="matrix_show"),
    path("matrix/edit/", matrix.matrix_edit, name="matrix_edit"),
    path("matrix/id/<int:pk>/", matrix.matrix_by_id, name="matrix_by_id"),
    path("appetites/new/", appetite.appetite_new, name="appetite_new"),
    path("appetites/<int:pk>/", appetite.appetite_detail, name="appetite_detail"),
    path("appetites/<int:pk>/edit/", appetite.appetite_edit, name="appetite_edit"),
    path("appetites/<int:pk>/retire/", appetite.appetite_retire, name="appetite_retire"),
    path("choices/<str:what>/", register.risk_choices, name="risk_choices"),
    path("imports/", imports.import_list, name="import_list"),
    path("imports/<int:pk>/", imports.import_detail, name="import_detail"),
    path("imports/<int:pk>/apply/", imports.import_apply, name="import_apply"),
    path("imports/<int:pk>/cancel/", imports.import_cancel, name="import_cancel"),
    path("imports/<int:pk>/progress/", imports.import_progress, name="import_progress"),
    path("imports/<int:pk>/read/", imports.import_read, name="import_read"),
    path("imports/<int:pk>/undo/", imports.import_undo, name="import_undo"),
    path("imports/<int:pk>/delete/", imports.import_delete, name="import_delete"),
    path("new/", risk.risk_new, name="risk_new"),
    path("like/", duplicate.risk_like, name="risk_like"),
    path("from-breach/<str:reference>/", risk.risk_from_breach, name="risk_from_breach"),
    path("from-pattern/", risk.risk_from_pattern, name="risk_from_pattern"),
    path("<str:reference>/", risk.risk_detail, name="risk_detail"),
    path("<str:reference>/peek/", risk.risk_peek, name="risk_peek"),
    path("<str:reference>/edit/", risk.risk_edit, name="risk_edit"),
    path("<str:reference>/sight/", risk.risk_sight, name="risk_sight"),
    path("<str:reference>/scoring/", scoring.risk_scoring, name="risk_scoring"),
    re_path(
        r"^(?P<reference>[^/]+)/scoring/(?P<name>start|score|reveal|cancel|agree)/$",
        scoring.risk_scoring_step,
        name="risk_scoring_step",
    ),
    path("<str:reference>/merge/", duplicate.risk_merge, name="risk_merge"),
    re_path(
        r"^(?P<reference>[^/]+)/set/(?P<name>owner|team|review|level|state)/$",
        inline.risk_set,
        name="risk_set",
    ),
    path("<str:reference>/undo/", inline.risk_undo, name="risk_undo"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<name>assess|treat|monitor|propose|accept|decline|withdraw|close|reopen|reconfirm)/$",
        step.risk_step,
        name="risk_step",
    ),
]

urlpatterns: list = [
    *category_pages,
    *review_pages,
    *escalation_pages,
    *experiment_pages,
    *template_pages,
    *risk_pages,
]
