"""Limits for sign-in attempts, counted in PostgreSQL for all processes. No attacker can lock the owner out.

An attempt is counted before the password is checked, and the count is taken back if the password was right.
Each budget is for any 15 minutes. Unknown networks share 6 attempts an account, at most 4 from one. A
network that it signed in from within 30 days has 4 of its own: 10 together. A browser that signed in before,
as its signed cookie proves, has 5 of its own, which nobody else can use up.

Of the 6 attempts, 2 are reserved for networks that failed fewer than two times within a day. So networks that
keep trying, however many they are, leave room for the owner's fresh browser on an unknown network.

Beyond each of these budgets, a browser that failed fewer than two times within a day has 2 more attempts. So
a browser that keeps trying leaves room for another browser of the same network.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q, Sum

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people.models import SignInCount, User

WINDOW = timedelta(minutes=15)
_STEP = timedelta(minutes=5)
_KNOWN_FOR = timedelta(days=30)
OF_STRANGERS, OF_ONE_NETWORK, OF_KNOWN_NETWORK, OF_BROWSER = 6, 4, 4, 5
_TRIED_FOR = timedelta(days=1)
FOR_FRESH_NETWORKS, FOR_FRESH_BROWSERS, _FRESH_UNTIL = 2, 2, 2
OF_NETWORK_FOR_ALL = 50


class TooManyTries(Refused):
    """The budget is used up. `wait` says for how many minutes at most."""

    wait = 15


def network_of(address: str) -> str:
    """Return the network of an address: /24 of IPv4, /64 of IPv6. All other texts are one network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network(f"{found}/{24 if found.version == 4 else 64}", strict=False))


def count_try(
    email: str, *, network: str, device: str = "", browser: str = "", at: datetime
) -> tuple[str, ...]:
    """Count one try, before the password is checked. Returns what to give back if it was right.

    device: the browser's id, if its cookie says that this account signed in from it before.
    browser: the id of a browser that did not sign in before, "" if it sent no cookie.
    Raises TooManyTries when a budget of this try is used up; such a try is not counted.
    """
    account = _short(email.strip().lower())
    budgets = _budgets(account, network, device, at)
    with transaction.atomic():
        _hold(budgets)
        is_shared = (shared := f"account:{account}") in budgets
        if is_shared and _has_failed(account, network, at):
            budgets[shared] = OF_STRANGERS - FOR_FRESH_NETWORKS
        is_fresh = bool(browser and not device) and not _has_failed(account, browser, at)
        extra = FOR_FRESH_BROWSERS if is_fresh else 0
        if _is_used_up(budgets, at, extra=extra):
            raise TooManyTries(
                f"Too many tries. Wait {TooManyTries.wait} minutes, sign in from a browser you used before,"
                " or ask an administrator for a sign-in link.",
            )
        origins = [*([network] if is_shared else []), *([browser] if browser and not device else [])]
        counted = [*budgets, *(_tried(account, origin) for origin in origins)]
        _add(counted, at)
    return tuple(counted)


@transaction.atomic
def count_act(budgets: Mapping[str, int], *, message: str, at: datetime) -> tuple[str, ...]:
    """Count one act that is no try of a password, such as asking for a mail, against budgets of 15 minutes.

    budgets: key -> how many. The parts of a key are hashed with key_of(). Returns what give_back() takes.
    Raises TooManyTries with the message when one of them is used up; then the act is not counted.
    """
    _hold(budgets)
    if _is_used_up(budgets, at):
        raise TooManyTries(message)
    _add(budgets, at)
    return tuple(budgets)


def key_of(act: str, *parts: str) -> str:
    """Return the key of a budget: counts hold no addresses."""
    return ":".join((act, *map(_short, parts)))


@transaction.atomic
def give_back(counted: Iterable[str], *, at: datetime) -> None:
    """The password was right: the try, counted at this same moment, counts no more."""
    keys = sorted(counted)
    _hold(keys)
    SignInCount.objects.filter(key__in=keys, window_at=_window(at), failures__gt=0).update(
        failures=F("failures") - 1
    )


@transaction.atomic
def succeed(user: User, *, network: str, by: Actor, at: datetime) -> None:
    """Record a sign-in, and remember its network as a known one of this account."""
    _know(_short(user.email), network, at)
    history.record(user, "people.signed_in", by=by, at=at)


def forget_old(*, at: datetime) -> int:
    """Delete expired counts. Returns the number of rows."""
    is_known, is_tried = Q(key__startswith="known:"), Q(key__startswith="tried:")
    old = SignInCount.objects.filter(
        ~is_known & ~is_tried & Q(window_at__lt=at - WINDOW - 2 * _STEP)
        | is_tried & Q(window_at__lt=at - _TRIED_FOR - _STEP)
        | is_known & Q(window_at__lt=at - _KNOWN_FOR)
    )
    return old.delete()[0]


def _budgets(account: str, network: str, device: str, at: datetime) -> dict[str, int]:
    if device:
        return {f"device:{account}:{_short(device)}": OF_BROWSER}
    known = f"known:{account}:{_short(network)}"
    if SignInCount.objects.filter(key=known, window_at__gt=at - _KNOWN_FOR).exists():
        return {f"at_known:{account}:{_short(network)}": OF_KNOWN_NETWORK}
    return {
        f"account:{account}": OF_STRANGERS,
        f"account:{account}:{_short(network)}": OF_ONE_NETWORK,
        f"network:{_short(network)}": OF_NETWORK_FOR_ALL,
    }


def _is_used_up(budgets: Mapping[str, int], at: datetime, *, extra: int = 0) -> bool:
    """Return whether one of these budgets, which are locked, has nothing left. extra: more for each."""
    used = dict(
        SignInCount.objects.filter(key__in=list(budgets), window_at__gt=at - WINDOW - _STEP)
        .order_by()
        .values_list("key")
        .annotate(Sum("failures"))
    )
    return any(used.get(key, 0) >= limit + extra for key, limit in budgets.items())


def _tried(account: str, origin: str) -> str:
    """Return the key of the failures of a network or a browser with one account, kept for a day."""
    return f"tried:{account}:{_short(origin)}"


def _has_failed(account: str, origin: str, at: datetime) -> bool:
    """Return True if the network or browser failed with this account at least twice in the last day."""
    failed = SignInCount.objects.filter(key=_tried(account, origin), window_at__gt=at - _TRIED_FOR)
    return (failed.aggregate(number=Sum("failures"))["number"] or 0) >= _FRESH_UNTIL


def _short(text: str) -> str:
    """A key's part: counts hold no addresses."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _window(at: datetime) -> datetime:
    seconds = int(at.timestamp()) // int(_STEP.total_seconds()) * int(_STEP.total_seconds())
    return datetime.fromtimestamp(seconds, UTC)


def _hold(keys: Iterable[str]) -> None:
    """One try at a time for each budget, in one order for all, until the transaction ends."""
    with connection.cursor() as cursor:
        for key in sorted(keys):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [key])


def _add(keys: Iterable[str], at: datetime) -> None:
    SignInCount.objects.bulk_create(
        [SignInCount(key=key, window_at=_window(at), failures=0) for key in keys], ignore_conflicts=True
    )
    SignInCount.objects.filter(key__in=list(keys), window_at=_window(at)).update(failures=F("failures") + 1)


def _know(account: str, network: str, at: datetime) -> None:
    key = f"known:{account}:{_short(network)}"
    if not SignInCount.objects.filter(key=key).update(window_at=at):
        SignInCount.objects.bulk_create([SignInCount(key=key, window_at=at)], ignore_conflicts=True)
