"""Rendering of mails, right before they are sent, in the recipient's time zone and with their rights."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core import signing
from django.template import Context
from django.template.loader import select_template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from history import declarations
from history.declarations import CalendarPart
from history.models import Event, Subject
from history.queries import present_data
from history.templatetags.timeline import history_line, lines
from kit.kinds import url_of
from kit.texts import many_lines, one_line
from notices.models import Digest, Message
from notices.queries import digest, digest_chart
from people import queries as people
from people.models import User

_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
_SALT = "notices.stop_digest"
# The mail of events that declare none, for those who want to be told at once.
GENERAL = "news"
# What a timeline line draws: icons, and the moment, which a mail has as its date.
_DRAWN = re.compile(r"<svg.*?</svg>|<time.*?</time>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A rendered mail.

    to: an address. text, html: the same content in two forms. headers: further headers. names: the ids
    of the subjects that it names, None if they are not known: then only its recipient may read it. calendar:
    an invitation that goes with it.
    images: PNG files by the content id that the HTML shows them with. secrets: texts in it that are sealed
    where it is kept.
    """

    to: str
    title: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    names: Collection[int] | None = ()
    calendar: CalendarPart | None = None
    images: Mapping[str, bytes] = field(default_factory=dict)
    secrets: Collection[str] = ()


def render(message: Message, *, at: datetime) -> RenderedMail:
    """Return the mail of a message, which is loaded with its user, subject, event and digest."""
    if message.digest and message.user:
        return _digest(message, message.digest, message.user, at)
    facts = _facts(message)
    names = facts.pop("names")
    calendar, secrets = facts.get("calendar"), facts.pop("secrets", ())
    if names is not None:
        names = {*names, message.subject_id} - {None}
    found = {
        "user": message.user,
        "verb": message.verb,
        "event": message.event,
        "note": present_data(message.event) if message.event else {},
        "subject": message.subject,
        "url": address(message.subject),
        **facts,
    }
    reader = message.user or message.address
    mail = from_templates(message.verb, folder_of(message.verb), found, reader, at, names=names)
    return replace(mail, calendar=calendar, secrets=secrets)


def folder_of(verb: str) -> str:
    """Return the folder in templates/notices for an event's mail: the general one if it declares none."""
    declared = declarations.find(verb)
    return declared.mail.templates if declared and declared.mail else GENERAL


def _facts(message: Message) -> dict[str, Any]:
    declared = declarations.find(message.verb)
    if declared is None or message.event is None:
        return {"names": ()}
    if declared.mail is None:
        reader = message.user
        return {"names": None, "what": what_happened(message.event, reader)} if reader else {"names": ()}
    return declared.mail.context(message.event, message.user)


def what_happened(event: Event, reader: User) -> str:
    """Return the line of an event on timelines as plain text, with the names that the reader may see."""
    (line,) = lines([event], reader)
    html = history_line(Context(), line)
    return one_line(" ".join(unescape(strip_tags(_DRAWN.sub(" ", html))).split()))


def _digest(message: Message, made: Digest, user: User, at: datetime) -> RenderedMail:
    shown = digest.shown(user, made.content)
    found = {
        "user": user,
        "digest": made,
        "sections": shown.sections,
        "figures": shown.figures,
        "chart": shown.chart,
        "preview": shown.preview,
        "url": settings.BASE_URL + "/",
        "stop_url": stop_url(user),
    }
    headers = {
        "List-Unsubscribe": f"<{found['stop_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"Weekly digest <digest.{host()}>",
    }
    names = digest.names_in(made.content)
    mail = from_templates(message.verb, "digest", found, user, at, names=names, headers=headers)
    return replace(mail, images={"chart": digest_chart.png(shown.chart)}) if shown.chart else mail


def from_templates(
    verb: str,
    folder: str,
    found: dict[str, Any],
    reader: User | str,
    at: datetime,
    *,
    names: Collection[int] | None,
    headers: Mapping[str, str] | None = None,
) -> RenderedMail:
    """Render with the templates of the verb if they exist, else with those of the folder.

    reader: a person, or the address of somebody who is none here, in the zone of the organisation.
    """
    organisation = people.organisation()
    zone = people.zone_of(None, organisation) if isinstance(reader, str) else reader.zone(organisation)
    context = {
        **found,
        "now": at,
        "base_url": settings.BASE_URL,
        "organisation": organisation.name if organisation else "your organisation",
    }
    with timezone.override(zone):
        title, text, html = (
            select_template([f"notices/{verb}/{part}", f"notices/{folder}/{part}"]).render(context)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    return RenderedMail(
        to=reader if isinstance(reader, str) else reader.email,
        title=one_line(" ".join(title.split()))[:200],
        text=tidy(many_lines(text)),
        html=_INLINER.inline(many_lines(html)),
        headers=headers or {},
        names=names,
    )


def tidy(text: str) -> str:
    """Return plain text without the gaps of template tags: at most one empty line, none at the ends."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"


def host() -> str:
    """Return the host name for Message-ID and List-Id."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def address(subject: Subject | None) -> str:
    """Return the absolute address of a subject's page; the address of the start page without a page."""
    return settings.BASE_URL + ((url_of(subject) if subject else "") or "/")


def stop_url(user: User) -> str:
    """Return the signed address at which a person stops the digest without signing in.

    It does nothing else.
    """
    return settings.BASE_URL + reverse("notices:stop_digest", args=[signing.dumps(user.pk, salt=_SALT)])


def whose_stop(token: str) -> User | None:
    """Return the person of a stop address; None if its signature is not valid."""
    try:
        return User.objects.select_related("subject").filter(pk=signing.loads(token, salt=_SALT)).first()
    except signing.BadSignature:
        return None
