"""What `manage.py doctor` checks of an installation. Each check names the fix of what it finds."""

import json
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from history import guard, heartbeats
from kit import clock, database_trouble
from notices.operations.smtp import MailConnection, NoConnection
from people import queries as people
from people.models import Team
from riskhub import pipeline, releases
from riskhub.engine import outside
from riskhub.engine.errors import Trouble
from riskhub.pipeline import Condition, Level
from riskhub.providers import Provider

SECONDS = 5
_CLOCK_APART = 60.0  # seconds
_FREE_SHARE, _FREE_BYTES = 0.05, 1_000_000_000
_PROBE = "doctor"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. fix: "" if there is nothing to do."""

    check: str
    level: Level
    text: str
    fix: str = ""


def examine() -> list[Finding]:
    """Run all checks. Without a database only the checks that need none."""
    database = check_database()
    found = [database, check_broker(), check_mail(), check_address(), *check_providers(), check_disk()]
    if database.level == Level.RED:
        return found
    further = [
        check_writes(),
        *check_groups(),
        check_migrations(),
        check_roles(),
        check_clock(),
        *check_pipeline(),
    ]
    return [*found, *further]


def check_database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
    except DatabaseError as error:
        text = f"does not answer: {str(error).splitlines()[0]}"
        return Finding("Database", Level.RED, text, "Start PostgreSQL, or correct DATABASE_URL.")
    if int(version.split(".")[0]) < outside.OLDEST_POSTGRES:
        fix = f"Use PostgreSQL {outside.OLDEST_POSTGRES} or newer."
        return Finding("Database", Level.RED, f"PostgreSQL {version} is too old", fix)
    return Finding("Database", Level.OK, f"PostgreSQL {version}")


def check_writes() -> Finding:
    """Write a row in a transaction that is rolled back."""
    try:
        with transaction.atomic():
            heartbeats.note(_PROBE)
            transaction.set_rollback(True)
    except DatabaseError as error:
        what, fix = database_trouble.described(error)
        return Finding("Writes", Level.RED, what, fix)
    return Finding("Writes", Level.OK, "the database stores rows")


def check_migrations() -> Finding:
    if names := releases.unknown_migrations():
        return Finding("Migrations", Level.RED, releases.newer(names).rstrip("."), releases.FIX)
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        fix = "Run manage.py migrate."
        return Finding("Migrations", Level.RED, f"{len(waiting)} wait", fix)
    return Finding("Migrations", Level.OK, "all are applied")


def check_roles() -> Finding:
    if guard.is_guarded_by_role():
        return Finding("Roles", Level.OK, "the application may not change history")
    fix = "Give the application a role of its own, as docs/operating.md describes."
    return Finding("Roles", Level.WARNING, "only a trigger protects history", fix)


def check_broker() -> Finding:
    try:
        outside.check_broker("REDIS_URL", settings.REDIS_URL)
    except Trouble as trouble:
        text, _, fix = str(trouble).partition(" Fix: ")
        return Finding("Broker", Level.RED, text, fix.capitalize())
    return Finding("Broker", Level.OK, "answers")


def check_mail() -> Finding:
    if settings.IS_MAIL_KEPT:
        fix = "Set EMAIL_URL, so that mails reach people."
        return Finding("Mail", Level.WARNING, "no mail server: mails stay on the page Mail", fix)
    try:
        with MailConnection() as server:
            server.open()
    except NoConnection as error:
        return Finding("Mail", Level.RED, str(error), "Start the mail server, or correct EMAIL_URL.")
    return Finding("Mail", Level.OK, f"{settings.EMAIL_HOST} accepts a connection")


def check_address() -> Finding:
    """Check the address in mails: people can reach it only if this machine can, too."""
    url, host = settings.BASE_URL, urlsplit(settings.BASE_URL).hostname
    try:
        with urllib.request.urlopen(f"{url}/livez", timeout=SECONDS) as answer:  # noqa: S310 - a setting
            answer.read(1000)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        fix = "Start the web process and the proxy, or correct RISKHUB_URL."
        return Finding("Address", Level.RED, f"{url} does not answer: {reason}", fix)
    if host in _LOOPBACK:
        fix = "Set RISKHUB_URL to the address that people use."
        return Finding("Address", Level.WARNING, f"{url} works on this machine only", fix)
    if not url.startswith("https://"):
        fix = "Put a proxy with a certificate in front, and set RISKHUB_URL to https."
        return Finding("Address", Level.WARNING, f"{url} is not encrypted", fix)
    return Finding("Address", Level.OK, f"{url} answers")


def check_providers() -> list[Finding]:
    """Check that each sign-in provider answers, and is the one of the settings."""
    return [_check_provider(provider) for provider in settings.OIDC_PROVIDERS.values()]


def _check_provider(provider: Provider) -> Finding:
    name = f"Sign-in by {provider.name}"
    try:
        with urllib.request.urlopen(provider.discovery_url, timeout=SECONDS) as answer:  # noqa: S310 - a setting
            told = json.loads(answer.read(100_000))
    except (urllib.error.URLError, OSError, ValueError) as error:
        fix = "Start the provider, or correct RISKHUB_OIDC_URL. Passwords work meanwhile."
        return Finding(name, Level.RED, f"no answer: {getattr(error, 'reason', error)}", fix)
    issuer = str(told.get("issuer", "")) if isinstance(told, dict) else ""
    if issuer.rstrip("/") != provider.url:
        fix = f"Set RISKHUB_OIDC_URL to {issuer}." if issuer else "Correct RISKHUB_OIDC_URL."
        return Finding(name, Level.RED, f"it calls itself {issuer or 'nothing'}", fix)
    return Finding(name, Level.OK, f"{provider.url} answers")


def check_groups() -> list[Finding]:
    """Check that the teams of RISKHUB_OIDC_GROUPS exist."""
    mapped = {target for one in settings.OIDC_PROVIDERS.values() for target in one.groups.values()}
    slugs = {target for target in mapped if not target.startswith("role:")}
    unknown = slugs - set(Team.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    if not unknown:
        return []
    text = f"there is no team {', '.join(sorted(unknown))}"
    return [Finding("Sign-in groups", Level.WARNING, text, "Add it, or correct RISKHUB_OIDC_GROUPS.")]


def check_clock() -> Finding:
    """Compare the clock of this machine with that of the database, which all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    apart = abs((clock.now() - there).total_seconds())
    if apart > _CLOCK_APART:
        fix = "Set both clocks by NTP."
        return Finding("Clock", Level.RED, f"{apart:.0f} s from that of the database", fix)
    return Finding("Clock", Level.OK, "as that of the database")


def check_disk() -> Finding:
    try:
        usage = shutil.disk_usage(settings.HOME)
    except OSError as error:
        fix = "Create the folder, or correct RISKHUB_HOME."
        return Finding("Disk", Level.RED, f"{settings.HOME}: {error.strerror}", fix)
    text = f"{usage.free / 1e9:.1f} GB free in {settings.HOME}"
    if usage.free < max(_FREE_BYTES, usage.total * _FREE_SHARE):
        return Finding("Disk", Level.RED, text, "Free some space, or move RISKHUB_HOME to a larger disk.")
    return Finding("Disk", Level.OK, text)


def check_pipeline() -> list[Finding]:
    """Return the age of the backup, and what the page Health shows as far as it is not well."""
    with clock.ahead_by(people.time_ahead()):
        found = {one.key: one for one in pipeline.conditions(clock.now())}
    del found["newer_database"]  # check_migrations() tells it
    backup = _finding(found.pop("backup_age"))
    troubles = [_finding(one) for one in found.values() if one.level != Level.OK]
    return [backup, *(troubles or [Finding("Processes", Level.OK, "all live, and no work waits")])]


def _finding(one: Condition) -> Finding:
    return Finding(one.label, one.level, one.text, one.fix)
