"""All mails, for administrators. The content of a mail about objects that they may not see is hidden."""

import re
from base64 import b64encode
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, QuerySet

from history.models import Subject
from notices.filters import MAIL_TABS
from notices.models import Message
from notices.queries import digest, digest_chart, sealed_links
from people.models import User

_STOP = re.compile(r"(/notices/digest/stop/)[^/\s\"<>]+/")


def messages() -> QuerySet[Message]:
    return Message.objects.select_related("user", "subject", "event", "digest")


def tab_counts() -> dict[str, int]:
    """Return how many mails each tab of the list has, in one query."""
    counts = {tab: Count("pk", filter=condition) for tab, (_, condition) in MAIL_TABS.items()}
    return Message.objects.aggregate(**counts)


@dataclass(frozen=True, slots=True)
class Row:
    """A mail as this reader may see it. title, text and html are "" if they may not see its objects.

    has_hidden_link: the mail has the secret link of another person, which is not shown.
    """

    message: Message
    is_hidden: bool
    title: str
    text: str
    html: str
    has_hidden_link: bool


def as_seen_by(reader: User, rows: list[Message]) -> list[Row]:
    """Return the mails as `reader` may see them. One query.

    A mail that was sent before Riskhub stored what a mail names is hidden from all others.
    """
    named = {row.pk: _names(row) for row in rows}
    ids = set().union(*named.values()) if named else set()
    visible = set(Subject.objects.visible_to(reader).filter(pk__in=ids).values_list("pk", flat=True))
    found = []
    for row in rows:
        is_known = row.names is not None or not row.sent_text
        is_hidden = row.user_id != reader.pk and not (is_known and named[row.pk] <= visible)
        is_open = settings.IS_MAIL_KEPT and row.user_id in (None, reader.pk)
        texts = (_shown(row.sent_text, is_open), _shown(row.sent_html, is_open))
        title, text, html = ("", "", "") if is_hidden else (row.sent_title, *texts)
        has_hidden_link = not is_open and sealed_links.are_in(row.sent_text)
        found.append(Row(row, is_hidden, title, text, html, has_hidden_link))
    return found


def framed(row: Row) -> str:
    """Return the HTML of a mail for a page, with its chart in it: a page has no other parts of the mail."""
    chart = row.message.digest.content.get("chart") if row.message.digest else None
    if not chart:
        return row.html
    image = b64encode(digest_chart.png(chart)).decode()
    return row.html.replace('src="cid:chart"', f'src="data:image/png;base64,{image}"')


def _shown(text: str, is_open: bool) -> str:
    """Return the text without the secret in the link that stops a person's digest.

    is_open: with its sealed secrets. Without a mail server, only the page of mails shows the link of an
    invitation. The secrets of a mail to a person are for that person alone: for others an
    administrator creates a sign-in link, which is on record.
    """
    return sealed_links.shown(_STOP.sub(r"\1…/", text), is_open=is_open)


def _names(row: Message) -> set[int]:
    """Return the ids of the subjects that a mail names."""
    found = set(row.names or ())
    if row.subject_id:
        found.add(row.subject_id)
    return found | digest.names_in(row.digest.content) if row.digest else found
