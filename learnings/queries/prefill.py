"""What a new learning begins with: the texts that its source knows. Its author edits them.

Readers of the source may see all of it. Kinds of upper rooms install theirs (riskhub/panels.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from actions import queries as actions
from catalogue.models import Model
from history.models import Subject
from incidents.models import Incident, Postmortem
from incidents.states import PostmortemState
from risklog.models import Experiment, Review, Risk
from risklog.states import ExperimentState, Outcome


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The texts of a new learning. Each is Markdown, "" if the source says nothing."""

    title: str = ""
    seen: str = ""
    to_monitor: str = ""
    to_adjust: str = ""
    how_to_check: str = ""
    tags: tuple[str, ...] = ()


Reader = Callable[[Subject], Prefilled]


def known_of(about: Subject) -> Prefilled:
    """Return what a source knows. A source of another kind gives its title only."""
    read = _READERS.get(about.kind) or _installed.get(about.kind)
    return read(about) if read else Prefilled(title=lessons_from(about.title))


def lessons_from(title: str) -> str:
    return f"Lessons from {title}"[:200]


def paragraphs(*texts: str) -> str:
    """Return the texts that are not empty as paragraphs of Markdown."""
    return "\n\n".join(text.strip() for text in texts if text.strip())


def section(title: str, text: str) -> str:
    """Return a text below its title as Markdown, "" without a text."""
    return f"**{title}**\n\n{text.strip()}" if text.strip() else ""


def action_lines(about: Subject, *others: int) -> str:
    """Return the actions of a source as a list, without those that some of its readers may not see.

    others: further subject ids.
    """
    lines = [
        f"- {action.title} ({action.reference})"
        for action in actions.of_subjects_unseen({about.pk, *others})
        if action.subject.is_open_to_readers_of(about)
    ]
    return "\n".join(lines)


def _model_tag(about: Subject, model: Model | None) -> list[str]:
    """Return the slug of the model as a tag, unless some readers of the source may not see the model."""
    is_named = model is not None and model.subject.is_open_to_readers_of(about)
    return [model.slug] if model and is_named else []


def _of_review(about: Subject) -> Prefilled:
    review = Review.objects.select_related("about", "model__subject", "subject").get(subject=about)
    answers = review.reviewers.exclude(note="").select_related("function").order_by("answered_at", "id")
    notes = [
        f"- {answer.note.strip()}" + (f" ({answer.function.name})" if answer.function else "")
        for answer in answers
    ]
    outcome = f"**{review.get_outcome_display()}.** {review.outcome_reason}" if review.outcome else ""
    monitor = f"Whether “{review.about.title}” occurs again." if review.outcome == Outcome.CONFIRMED else ""
    if review.outcome == Outcome.THRESHOLD_TO_CHANGE:
        monitor = "Whether the new threshold detects what the old one missed, without false alarms."
    return Prefilled(
        title=lessons_from(review.about.title),
        seen=paragraphs(review.why, outcome, "\n".join(notes)),
        to_monitor=monitor,
        to_adjust=action_lines(about, review.about_id),
        tags=(review.get_kind_display().lower(), *_model_tag(about, review.model)),
    )


def _of_incident(about: Subject) -> Prefilled:
    """Return what an incident and its finished post-incident review say."""
    incident = Incident.objects.select_related("model__subject").get(subject=about)
    review = Postmortem.objects.filter(incident=incident, state=PostmortemState.DONE).first()
    tags = ("incident", *_model_tag(about, incident.model))
    title = lessons_from(incident.title)
    if review is None:
        return Prefilled(title, paragraphs(incident.summary), to_adjust=action_lines(about), tags=tags)
    whys = "\n".join(f"{number}. {why}" for number, why in enumerate(review.whys, 1))
    sections = (
        section("Lessons", review.lessons),
        section("Contributing conditions", review.factors),
        section("Causes, asked to the root", whys),
        section("What went well", review.went_well),
    )
    return Prefilled(
        title=title,
        seen=paragraphs(incident.summary, *sections),
        to_monitor=f"Whether “{incident.title}” occurs again.",
        to_adjust=action_lines(about, review.subject_id),
        tags=tags,
    )


def _of_experiment(about: Subject) -> Prefilled:
    experiment = Experiment.objects.select_related("model__subject").get(subject=about)
    outcome = ""
    if experiment.state == ExperimentState.FINISHED:
        outcome = f"**{experiment.get_outcome_display()}.** {experiment.interpretation}"
    data = f"Data: {experiment.data_slice}" if experiment.data_slice else ""
    return Prefilled(
        title=lessons_from(experiment.title),
        seen=paragraphs(experiment.hypothesis, data, outcome),
        to_adjust=paragraphs(experiment.training_notes, action_lines(about)),
        how_to_check=experiment.success_criteria,
        tags=("experiment", *_model_tag(about, experiment.model)),
    )


def _of_risk(about: Subject) -> Prefilled:
    risk = Risk.objects.get(subject=about)
    return Prefilled(
        title=lessons_from(risk.title),
        seen=paragraphs(risk.description, risk.closing_evidence),
        to_adjust=action_lines(about),
        tags=tuple(risk.tags),
    )


_READERS: Mapping[str, Reader] = {
    Review.KIND: _of_review,
    Incident.KIND: _of_incident,
    Experiment.KIND: _of_experiment,
    Risk.KIND: _of_risk,
}
_installed: dict[str, Reader] = {}


def install(readers: Iterable[tuple[str, Reader]]) -> None:
    """Replace the readers of kinds of upper rooms."""
    _installed.clear()
    _installed.update(readers)
