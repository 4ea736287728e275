"""Erases a person who left, in one transaction, and lists what still names them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Q

from history import documents
from history import operations as history
from history.models import Event, SearchDocument
from kit.actor import Actor
from kit.refusals import Refused
from notices.models import Message
from people.events import PersonErased
from people.models import Absence, Invitation, Receipt, SignInCount, Token, User
from people.operations import token as tokens
from people.states import ColourTheme
from riskhub.erasure.places import Found, Place, found_in, places, store
from riskhub.erasure.terms import DOMAIN, Terms
from riskhub.erasure.written import COPIES, DELETED, HISTORY, MENTIONS

_TRIGGER = "history_event_append_only"


@dataclass(slots=True)
class Report:
    """What an erasure does. replaced: place -> rows. remaining: rows that still name the person."""

    terms: Terms
    replaced: Counter[str] = field(default_factory=Counter)
    remaining: list[Found] = field(default_factory=list)


def terms_of(person: User, also: tuple[str, ...] = ()) -> Terms:
    """Return what names a person. Raises Refused for somebody who is active or erased already."""
    if person.is_active:
        raise Refused("This person is active. Hand over their work and deactivate them first.")
    if person.is_service:
        raise Refused("This is a service account. Change its name and what it is for instead.")
    if person.email.endswith(f"@{DOMAIN}"):
        raise Refused("This person is erased already.")
    return Terms(person.name, person.email, person.handle, person.pk, also)


def plan(person: User, *, replaces_texts: bool = False, also: tuple[str, ...] = ()) -> Report:
    """Return what erase() would do, without changing anything."""
    report = Report(terms_of(person, also))
    own = {("people_user", person.pk), ("history_subject", person.subject_id)}
    for token in Token.objects.filter(user=person):
        own |= {("people_token", token.pk), ("history_subject", token.subject_id)}
    for place in places():
        for found in found_in(place, report.terms):
            is_own = (place.table, found.key[0]) in own
            new = _new_value(found, report.terms, replaces_texts)
            if is_own or place.name in DELETED or not report.terms.are_in(new):
                report.replaced[place.name] += 1
            else:
                report.remaining.append(found)
    return report


@transaction.atomic
def erase(
    person: User, *, replaces_texts: bool = False, also: tuple[str, ...] = (), by: Actor, at: datetime
) -> Report:
    """Replace name, address and handle of a person who left, and delete their sessions and private settings.

    They are replaced where Riskhub wrote them itself: in mails, digests, reasons and mentions.
    replaces_texts: also in what people wrote, and in events that are not chained by hash. Only the owner of
    the database may change events. Returns what was replaced and what still names the person. Raises Refused
    as terms_of().
    """
    person = User.objects.select_for_update(of=("self",)).select_related("subject").get(pk=person.pk)
    report = Report(terms_of(person, also))
    terms = report.terms
    affected = set(_documents_naming(terms))
    _delete_private_rows(person, terms, report)
    _rename(person, terms, by=by, at=at)
    for place in places():
        report.replaced[place.name] += _replace_in(place, terms, replaces_texts)
    documents.rewrite(affected)
    report.remaining = [found for place in places() for found in found_in(place, terms)]
    report.replaced = +report.replaced
    payload = PersonErased(replaced=sum(report.replaced.values()), remaining=len(report.remaining))
    history.record(person, payload, by=by, at=at)
    return report


def _new_value(found: Found, terms: Terms, replaces_texts: bool) -> Any:
    """Return what erase() stores in this row: the same value if it leaves the row as it is."""
    name = found.place.name
    if name in COPIES:
        return terms.replaced(found.value)
    if not replaces_texts:
        return terms.mentions_replaced(found.value) if name in MENTIONS else found.value
    if found.place.type == "bytea" or found.place.table == "people_user":
        return found.value
    if name == HISTORY and Event.objects.filter(pk=found.key[0], chain_no__isnull=False).exists():
        return found.value  # the hash of the event is over its texts
    return terms.replaced(found.value)


def _replace_in(place: Place, terms: Terms, replaces_texts: bool) -> int:
    """Replace what names the person in one column. Returns the number of rows."""
    pairs = [(found, _new_value(found, terms, replaces_texts)) for found in found_in(place, terms)]
    changed = [(found, new) for found, new in pairs if new != found.value]
    if changed and place.name == HISTORY:
        _set_trigger("DISABLE")
    for found, new in changed:
        store(found, new)
    if changed and place.name == HISTORY:
        _set_trigger("ENABLE")
    return len(changed)


def _set_trigger(what: str) -> None:
    """Let the owner of the table change events, until the end of this transaction at most.

    A table is not altered while checks of its constraints are deferred.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE history_event {what} TRIGGER {_TRIGGER}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _delete_private_rows(person: User, terms: Terms, report: Report) -> None:
    """Delete sessions, factors, addresses and receipts. Empty mails, invitations and reasons for absences."""
    EmailConfirmation.objects.filter(email_address__user=person).delete()
    for kind in (EmailAddress, Authenticator, SocialAccount, UserSession):
        report.replaced[kind._meta.db_table] += kind.objects.filter(user=person).delete()[0]
    keys = [
        one.pk for one in Session.objects.all() if one.get_decoded().get("_auth_user_id") == str(person.pk)
    ]
    report.replaced["django_session"] += Session.objects.filter(pk__in=keys).delete()[0]
    report.replaced["people_receipt"] += Receipt.objects.filter(user=person).delete()[0]
    for place in places():
        if place.name in DELETED:
            kind = Receipt if place.table == "people_receipt" else SignInCount
            ids = [found.key[0] for found in found_in(place, terms)]
            report.replaced[place.table] += kind.objects.filter(pk__in=ids).delete()[0]
    mails = Message.objects.filter(user=person)
    report.replaced["notices_message"] += mails.update(sent_text="", sent_html="", sent_title="", sent_to="")
    _empty_invitations(person, terms, report)
    Absence.objects.filter(user=person).exclude(reason="").update(reason="")


def _empty_invitations(person: User, terms: Terms, report: Report) -> None:
    """Empty the invitations of the person and their mails. They may have been sent to a former address."""
    invitations = Invitation.objects.filter(Q(person=person) | Q(email=terms.email))
    addresses = {terms.email, *terms.also, *invitations.values_list("email", flat=True)}
    mails = Message.objects.filter(user=None, address__in=addresses)
    report.replaced["notices_message"] += mails.update(
        address=terms.new_email, sent_text="", sent_html="", sent_title="", sent_to="", log=[]
    )
    report.replaced["people_invitation"] += invitations.update(email=terms.new_email, name="")


def _rename(person: User, terms: Terms, *, by: Actor, at: datetime) -> None:
    """Give the person a name that says nothing, and their tokens too. History stores neither."""
    person.set_unusable_password()
    User.objects.filter(pk=person.pk).update(password=person.password, last_login=None)
    values = {
        "name": terms.new_name,
        "email": terms.new_email,
        "handle": terms.new_handle,
        "chosen_timings": {},
        "time_zone": "",
        "country": "",
        "subdivision": "",
        "theme": ColourTheme.SYSTEM,
    }
    history.change(person, values, by=by, at=at, verb="people.person_changed")
    history.retire(person)
    tokens.revoke_all(person, by=by, at=at)
    for token in Token.objects.filter(user=person).select_related("subject"):
        history.change(token, {"name": f"Token {token.pk}"}, by=by, at=at, verb="people.token_changed")
        history.retitle(token)


def _documents_naming(terms: Terms) -> list[int]:
    """Return the subjects whose search documents name the person."""
    table = SearchDocument._meta.db_table
    place = next(one for one in places() if (one.table, one.column) == (table, "text"))
    return [found.key[0] for found in found_in(place, terms)]
