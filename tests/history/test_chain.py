"""The chain of security-relevant events, and the check against an earlier head."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from history import chain
from history.models import Event
from kit.actor import SYSTEM
from people.operations import person
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db


def _printed_head() -> str:
    out = StringIO()
    call_command("verify_chain", stdout=out)
    lines = out.getvalue().splitlines()
    return next(line.removeprefix("head ") for line in lines if line.startswith("head "))


def test_the_printed_head_is_the_newest_link():
    user = people.user()
    person.note_link(user, by=SYSTEM, at=AT)

    newest = Event.objects.filter(chain_no__isnull=False).latest("chain_no")

    assert _printed_head() == f"{newest.chain_no}:{bytes(newest.chain_hash).hex()}"


def test_an_older_head_fits_a_longer_chain():
    user = people.user()
    person.note_link(user, by=SYSTEM, at=AT)
    head = _printed_head()
    person.note_link(user, by=SYSTEM, at=AT)

    output = StringIO()
    call_command("verify_chain", head=head, stdout=output)

    assert _printed_head() in output.getvalue()
    assert _printed_head() != head


def test_removed_newest_links_are_noticed_with_a_head_only():
    """After a removal the chain is one link shorter than the head says."""
    user = people.user()
    person.note_link(user, by=SYSTEM, at=AT)
    number, _, digest = _printed_head().partition(":")

    assert chain.verify().broken_at is None
    assert chain.verify(f"{int(number) + 1}:{digest}").broken_at == int(number) + 1
    with pytest.raises(CommandError, match=f"broken at link {int(number) + 1} "):
        call_command("verify_chain", head=f"{int(number) + 1}:{digest}", stdout=StringIO())


def test_a_rewritten_link_is_noticed():
    person.note_link(people.user(), by=SYSTEM, at=AT)
    number = int(_printed_head().partition(":")[0])

    assert chain.verify(f"{number}:{'0' * 64}").broken_at == number


@pytest.mark.parametrize("wrong", ["x", "1", "1:zz", "0:" + "0" * 64, "1:00", ":" + "0" * 64])
def test_an_invalid_head_is_refused(wrong):
    with pytest.raises(CommandError, match="--head is not valid"):
        call_command("verify_chain", head=wrong, stdout=StringIO())
