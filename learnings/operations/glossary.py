"""Add words to the glossary and change them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from learnings import lessons
from learnings.models import GlossaryWord
from learnings.operations.first_words import FIRST
from people.slugs import slug_of

CHANGEABLE = frozenset({"word", "also", "definition", "lesson"})
MAX_ALSO = 10


@transaction.atomic
def add(
    *,
    word: str,
    definition: str,
    by: Actor,
    at: datetime,
    also: Sequence[str] = (),
    lesson: str = "",
) -> GlossaryWord:
    """Add a word. Raises Refused(field="word", "also", "definition" or "lesson")."""
    values = _checked({"word": word, "definition": definition, "also": also, "lesson": lesson})
    new = GlossaryWord(slug=_slug(values["word"]), **values)
    history.record(new, "learnings.glossary_word_added", by=by, at=at)
    return new


@transaction.atomic
def change(
    word: GlossaryWord, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> GlossaryWord:
    """Change fields of CHANGEABLE. Its address stays. Raises Refused(field=…), ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    cleaned = _checked(values, own=word)
    if history.change(word, cleaned, by=by, at=at, seen=seen, verb="learnings.glossary_word_changed"):
        history.retitle(word)
    return word


@transaction.atomic
def add_first(*, by: Actor, at: datetime) -> int:
    """Add the standard words that are missing. Returns how many."""
    known = set(GlossaryWord.objects.values_list("slug", flat=True))
    missing = [row for row in FIRST if slug_of(row[0]) not in known]
    for word, also, lesson, definition in missing:
        add(word=word, also=also, lesson=lesson, definition=definition, by=by, at=at)
    return len(missing)


@handler("learnings.glossary.add_first_words")
def on_organisation_set_up(event: Event, *, at: datetime) -> None:
    """Give a new register the standard words. They can be changed like any others."""
    add_first(by=SYSTEM, at=at)


def _checked(values: Mapping[str, Any], *, own: GlossaryWord | None = None) -> dict[str, Any]:
    """Return the values as they are stored. own: the word that is changed."""
    cleaned: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in values.items()
    }
    if "word" in cleaned:
        if not slug_of(cleaned["word"]):
            raise Refused("Enter a word with at least one letter.", field="word")
        others = GlossaryWord.objects.filter(word__iexact=cleaned["word"])
        if (others.exclude(pk=own.pk) if own else others).exists():
            raise Refused("The glossary has this word already.", field="word")
    if not cleaned.get("definition", "x"):
        raise Refused("Explain the word in a sentence.", field="definition")
    if cleaned.get("lesson") and lessons.find(cleaned["lesson"]) is None:
        raise Refused(f"Use one of {', '.join(lessons.slugs())}, or none.", field="lesson")
    if "also" in cleaned:
        cleaned["also"] = list(dict.fromkeys(text.strip() for text in cleaned["also"] if text.strip()))
        if len(cleaned["also"]) > MAX_ALSO:
            raise Refused(f"Use at most {MAX_ALSO} other spellings.", field="also")
        if any(len(text) > 80 for text in cleaned["also"]):
            raise Refused("Use at most 80 characters for each spelling.", field="also")
    return cleaned


def _slug(word: str) -> str:
    """Return a free slug of a word."""
    base = slug_of(word)[:70]
    taken = set(GlossaryWord.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 2
    slug = base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
