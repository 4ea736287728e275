"""Add words to the glossary and change them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from learnings import lessons
from learnings.models import GlossaryWord
from learnings.operations.first_words import FIRST
from people.models import Organisation
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
    """Add the standard words that are missing, without what other entries have. Returns how many."""
    known = set(GlossaryWord.objects.values_list("slug", flat=True))
    taken = spellings_of(GlossaryWord.objects.all())
    missing = [row for row in FIRST if slug_of(row[0]) not in known and _key(row[0]) not in taken]
    for word, spellings, lesson, definition in missing:
        also = [text for text in spellings if _key(text) not in taken]
        add(word=word, also=also, lesson=lesson, definition=definition, by=by, at=at)
    return len(missing)


@transaction.atomic
def add_to_empty(*, at: datetime) -> int:
    """Add the standard words to the glossary of a register that is older than it. Returns how many.

    A glossary with words stays as it is. Nothing is added before the organisation is set up.
    """
    if GlossaryWord.objects.exists():
        return 0
    organisation = Organisation.objects.select_for_update().order_by("pk").first()  # one adds them, not two
    return add_first(by=SYSTEM, at=at) if organisation and not GlossaryWord.objects.exists() else 0


@handler("learnings.glossary.add_first_words")
def on_organisation_set_up(event: Event, *, at: datetime) -> None:
    """Give a new register the standard words. They can be changed like any others."""
    add_first(by=SYSTEM, at=at)


def _checked(values: Mapping[str, Any], *, own: GlossaryWord | None = None) -> dict[str, Any]:
    """Return the values as they are stored. own: the word that is changed."""
    cleaned: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in values.items()
    }
    if "word" in cleaned and not slug_of(cleaned["word"]):
        raise Refused("Enter a word with at least one letter.", field="word")
    if not cleaned.get("definition", "x"):
        raise Refused("Explain the word in a sentence.", field="definition")
    if cleaned.get("lesson") and lessons.find(cleaned["lesson"]) is None:
        raise Refused(f"Use one of {', '.join(lessons.slugs())}, or none.", field="lesson")
    if "also" in cleaned:
        spellings = [text.strip() for text in cleaned["also"] if text.strip()]
        cleaned["also"] = list({_key(text): text for text in reversed(spellings)}.values())[::-1]
        if len(cleaned["also"]) > MAX_ALSO:
            raise Refused(f"Use at most {MAX_ALSO} other spellings.", field="also")
        if any(len(text) > 80 for text in cleaned["also"]):
            raise Refused("Use at most 80 characters for each spelling.", field="also")
    _drop_own(cleaned, own)
    _check_free(cleaned, own)
    return cleaned


def _drop_own(cleaned: dict[str, Any], own: GlossaryWord | None) -> None:
    """Drop the other spellings that are the word itself, also those of a word that gets one as its name."""
    word = cleaned.get("word", own.word if own else "")
    also = cleaned.get("also", own.also if own else [])
    kept = [text for text in also if _key(text) != _key(word)]
    if "also" in cleaned or kept != also:
        cleaned["also"] = kept


def _check_free(cleaned: Mapping[str, Any], own: GlossaryWord | None) -> None:
    """Raise Refused(field="word" or "also") for a spelling that another entry of the glossary has.

    What the entry has already may stay.
    """
    kept = {_key(text) for text in (own.word, *own.also)} if own else set()
    given = [("word", cleaned["word"])] if "word" in cleaned else []
    given += [("also", text) for text in cleaned.get("also", ())]
    new = [(field, text) for field, text in given if _key(text) not in kept]
    if not new:
        return
    Organisation.objects.select_for_update().order_by("pk").first()  # words are checked one after another
    taken = spellings_of(GlossaryWord.objects.exclude(pk=own.pk) if own else GlossaryWord.objects.all())
    for field, text in new:
        if word := taken.get(_key(text)):
            raise Refused(f"The glossary has “{text}” already: see the word “{word}”.", field=field)


def spellings_of(words: QuerySet[GlossaryWord]) -> dict[str, str]:
    """Return what each word and each other spelling leads to: its key -> the word. One query."""
    rows = list(words.order_by("pk").values_list("word", "also"))
    others = {_key(text): word for word, also in rows for text in also}
    return others | {_key(word): word for word, _ in rows}


def _key(text: str) -> str:
    """Return what two spellings have in common that differ only in upper and lower case and in spaces."""
    return "".join(text.split()).casefold()


def _slug(word: str) -> str:
    """Return a free slug of a word."""
    base = slug_of(word)[:70]
    taken = set(GlossaryWord.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 2
    slug = base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
