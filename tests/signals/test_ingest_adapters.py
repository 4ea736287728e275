"""Eight clients send the same items of each adapter, reordered, again, and cut off: one row a key.

test_ingest_concurrency.py does the same with 500 alerts of Alertmanager, and checks what follows from them.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from history.models import Event
from kit.actor import SYSTEM
from people.operations import token
from signals.mapping.presets import PRESETS
from signals.models import Alert, Breach, BreachGroup, Delivery, Series
from signals.operations import source as sources
from signals.states import Adapter
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.signals.adapter_cases import CASES, Case
from tests.web_server import ask, hang_up, web_server

CLIENTS = 8


@pytest.fixture(scope="module")
def site(module_database, django_db_blocker):
    """The port of a web server, who sends, and the headers with a token, for all tests of the module."""
    with django_db_blocker.unblock():
        person = people.user("Tool")
        _, text = token.issue(person, name="ingest", scope="ingest", by=SYSTEM, at=AT)
        with web_server(at=AT) as port:
            yield port, person, {"Authorization": f"Bearer {text}"}


def bodies_of(case: Case, rng: random.Random) -> list[bytes]:
    """Return the items in bodies of several sizes, in an order of their own, some of them again."""
    mixed = rng.sample(case.items, len(case.items)) + rng.sample(case.items, len(case.items) // 4)
    if case.is_whole:
        return [case.raw(rng.sample(case.items, len(case.items))) for _ in range(3)]
    bodies = []
    while mixed:
        size = 1 if case.path == "intake/mlflow" else rng.choice([1, 5, 12, 30])
        bodies.append(case.raw(mixed[:size]))
        del mixed[:size]
    return bodies


def send(port: int, path: str, body: bytes, headers: dict[str, str], rng: random.Random) -> int:
    """Disconnect sometimes, within the body or before the reply, then send until it is accepted."""
    if rng.random() < 0.3:
        hang_up(port, path, body, headers, after=rng.choice([len(body), rng.randrange(len(body))]))
    for _ in range(8):
        status, _ = ask(port, "POST", path, body, headers)
        if status != 503:
            break
        time.sleep(0.1)
    return status


def until_idle() -> None:
    """Wait until no request that was cut off is still running."""
    before = None
    while before != (before := Delivery.objects.count()):
        time.sleep(0.3)


@pytest.mark.parametrize("name", CASES)
def test_what_eight_clients_send_in_any_order_is_one_row_a_key(site, name):
    port, person, headers = site
    model = catalogue.model(name.replace("_", "-"), developer=person).slug
    case = CASES[name](model)
    path = f"/api/v1/{case.path}"
    if case.mapping is not None:
        source = signals.source(model, adapter=Adapter.GENERIC)
        sources.change(source, {"mapping": case.mapping}, by=SYSTEM, at=AT)

    def client(number: int) -> set[int]:
        rng = random.Random(f"{name} {number}")
        own = {**headers, "Content-Type": case.media_type}
        return {send(port, path, body, own, rng) for body in bodies_of(case, rng)}

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = set().union(*pool.map(client, range(CLIENTS)))
    until_idle()

    assert statuses == {202}
    assert case.stored(model) == case.expected
    assert_one_series_and_one_breach_each()


def assert_one_series_and_one_breach_each() -> None:
    """Check what follows from the rows: a breach of each alert, in its state, and an event of each series."""
    states = set(Alert.objects.values_list("is_firing", "breach__state"))
    # A check that passed before it failed at the same moment has no breach.
    assert states <= {(True, "open"), (False, "cleared"), (False, None)}
    assert set(Alert.objects.filter(breach=None).values_list("source__adapter", flat=True)) <= {"generic"}
    assert Breach.objects.count() == Alert.objects.exclude(breach=None).count()
    for group in BreachGroup.objects.prefetch_related("breaches"):
        is_open = any(breach.state == "open" for breach in group.breaches.all())
        assert group.state == ("open" if is_open else "cleared")
    assert Event.objects.filter(verb="signals.series_added").count() == Series.objects.count()


def test_every_adapter_and_every_mapping_of_a_tool_has_a_case():
    paths = " ".join(CASES[name](name).path for name in CASES)
    assert {adapter for adapter in Adapter if adapter not in paths} == set()
    assert set(PRESETS) <= set(CASES)
