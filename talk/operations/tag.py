"""Operations on the vocabulary of tags: admit, rename, merge, retire, restore."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.db.models import CharField, F
from django.db.models.expressions import Func

from history import operations as history
from kit import kinds
from kit.actor import Actor
from kit.kinds import Kind
from kit.refusals import Refused
from kit.sight import Visitor
from talk import tags
from talk.events import TagReplaced
from talk.models import Tag
from talk.queries import tag as queries

_BATCH = 500


def admit(texts: Iterable[str], *, kept: Collection[str] = ()) -> list[str]:
    """Return tags as an object may have them. New ones enter the vocabulary. At most two queries.

    A tag that was replaced becomes its successor. kept: tags that the object has, which may be retired ones.
    Raises Refused(field="tags") for too many, too long and retired tags. The caller is in a transaction.
    """
    return admit_each([texts], kept=kept)[0]


def admit_each(lists: Iterable[Iterable[str]], *, kept: Collection[str] = ()) -> list[list[str]]:
    """admit() for the tags of several objects. At most two queries."""
    admitted, new = _admissible(lists, kept)
    if new:
        Tag.objects.bulk_create([Tag(name=name) for name in new], ignore_conflicts=True)
    return admitted


def admissible(texts: Iterable[str]) -> list[str]:
    """Return what admit() would return, without adding tags to the vocabulary. One query."""
    return _admissible([texts], ())[0][0]


def _admissible(lists: Iterable[Iterable[str]], kept: Collection[str]) -> tuple[list[list[str]], list[str]]:
    """Return the tags of each object as it may have them, and those that the vocabulary lacks."""
    asked = [tags.checked(tags.tidy(texts)) for texts in lists]
    names = list(dict.fromkeys(name for some in asked for name in some))
    known = queries.known(names)
    if retired := [name for name in names if name not in kept and name in known and known[name].is_retired]:
        raise Refused(f"The tag “{retired[0]}” is retired. Use another one.", field="tags")
    new = [name for name in names if name not in known]
    admitted = [
        tags.tidy(known[name].current_name if name in known else name for name in some) for some in asked
    ]
    return admitted, new


def admit_prefilled(texts: Iterable[str]) -> list[str]:
    """admit() for tags that nobody typed: cuts long ones and leaves retired ones out."""
    asked = [name[: tags.MAX_TAG].strip() for name in tags.tidy(texts)][: tags.MAX_TAGS]
    known = queries.known(asked)
    return admit(name for name in asked if name not in known or not known[name].is_retired)


@transaction.atomic
def rename(tag: str, *, to: str, by: Actor, at: datetime) -> str:
    """Give a tag another name on every object that has it. Returns the new name.

    Raises Refused if the reader sees no object with the tag, and if they see one with the new name: then the
    two can be merged.
    """
    old, new = _visible(tag, by.person, "tag"), _name(to, "to")
    if queries.is_visible(new, by.person):
        raise Refused(f"The tag “{new}” exists. Merge the two instead.", field="to")
    return _replace(old, new, "to", by=by, at=at)


@transaction.atomic
def merge(tag: str, *, into: str, by: Actor, at: datetime) -> str:
    """Replace a tag by another one on every object that has it. Returns the name of the other one.

    Raises Refused if the reader sees no object with one of the two.
    """
    old, new = _visible(tag, by.person, "tag"), _visible(into, by.person, "into")
    return _replace(old, new, "into", by=by, at=at)


@transaction.atomic
def retire(tag: str, *, by: Actor, at: datetime) -> str:
    """Suggest a tag no more and refuse it on further objects. Those that have it keep it."""
    name = _visible(tag, by.person, "tag")
    Tag.objects.filter(name=name).update(retired_at=at)
    return name


@transaction.atomic
def restore(tag: str, *, by: Actor, at: datetime) -> str:
    """Take back that a tag is retired."""
    name = _name(tag, "tag")
    if not Tag.objects.filter(name=name, retired_at__isnull=False).update(retired_at=None):
        raise Refused(f"There is no retired tag “{name}”.", field="tag")
    return name


def after_migrate(*, using: str, **_: Any) -> None:
    """Add the tags that objects of an earlier version have to the vocabulary."""
    tables = connections[using].introspection.table_names()
    for kind in kinds.tagged():
        if Tag._meta.db_table not in tables or kind.row._meta.db_table not in tables:
            continue  # a migration to an earlier state
        name = Func(F("tags"), function="unnest", output_field=CharField())
        rows = kind.row._base_manager.using(using).order_by().annotate(tag_name=name)
        names = rows.values_list("tag_name", flat=True).distinct()
        Tag.objects.using(using).bulk_create([Tag(name=one) for one in names], ignore_conflicts=True)


def _replace(old: str, new: str, field: str, *, by: Actor, at: datetime) -> str:
    """Replace a tag on every object, also on those that the reader may not see: the vocabulary is one."""
    if old == new:
        raise Refused("This is the same tag.", field=field)
    Tag.objects.bulk_create([Tag(name=new)], ignore_conflicts=True)
    both = Tag.objects.select_for_update().filter(name__in=[old, new]).order_by("pk")
    rows = {tag.name: tag for tag in both}
    successor = rows[new]
    Tag.objects.filter(pk=successor.pk).update(retired_at=None, replaced_by=None)
    earlier = Tag.objects.filter(replaced_by=rows[old]).exclude(pk=successor.pk)
    (earlier | Tag.objects.filter(pk=rows[old].pk)).update(replaced_by=successor, retired_at=None)
    for kind in kinds.tagged():
        _replace_on(kind, old, new, by=by, at=at)
    return new


def _replace_on(kind: Kind, old: str, new: str, *, by: Actor, at: datetime) -> None:
    """Replace a tag on all objects of a kind, in batches in the order of their keys."""
    with_tag = kind.row._base_manager.filter(tags__contains=[old]).order_by("pk")
    while batch := list(with_tag.select_for_update(of=("self",))[:_BATCH]):
        changes: list[tuple[Any, dict[str, list[str]]]] = [
            (obj, {"tags": tags.tidy(new if tag == old else tag for tag in obj.tags)}) for obj in batch
        ]
        payload = TagReplaced(old=old, new=new)
        history.change_many(changes, verb=TagReplaced.verb, payload=payload, by=by, at=at)


def _name(text: str, field: str) -> str:
    names = tags.tidy([text])
    if not names or len(names[0]) > tags.MAX_TAG:
        raise Refused(f"Enter a tag of at most {tags.MAX_TAG} characters.", field=field)
    return names[0]


def _visible(text: str, reader: Visitor, field: str) -> str:
    """Return the tag that a text names. Raises Refused if the reader sees no object that has it."""
    name = _name(text, field)
    if not queries.is_visible(name, reader):
        raise Refused(f"There is no tag “{name}”.", field=field)
    return name
