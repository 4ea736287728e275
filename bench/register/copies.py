"""Copies of the risks, made in SQL: a large register in minutes. Recording each risk would take hours.

A copy has another number in its title and another team, and its dates are some hours earlier. It has its own
subject, event and search document. It has no handovers, because those of all other risks are settled too.
"""

from __future__ import annotations

from django.db import connection, transaction

from history import documents
from history.models import Event, Subject
from kit import references
from people.models import Team
from risklog.models import Risk

RECORDED = 10_000  # so many risks are recorded by the operations of history; further ones are their copies
# What a copy does not take over from its original; severity is computed by the database.
_OWN = {"id", "subject_id", "title", "title_key", "team_id", "opened_at", "updated_at", "severity"}
_COPY = """
WITH teams AS (
    SELECT id, subject_id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS number
    FROM {team}
), originals AS (
    SELECT r.*, s.viewers IS NOT NULL AS is_restricted, row_number() OVER (ORDER BY r.id) - 1 AS place
    FROM {risk} AS r JOIN {subject} AS s ON s.id = r.subject_id
    WHERE r.title ~ ' [0-9]+$' ORDER BY r.id LIMIT %(count)s
), copies AS MATERIALIZED (
    SELECT o.*, teams.id AS new_team, teams.subject_id AS team_subject,
        nextval(pg_get_serial_sequence('{subject}', 'id')) AS new_subject,
        nextval(pg_get_serial_sequence('{risk}', 'id')) AS new_id,
        'R-' || nextval('{sequence}') AS reference,
        regexp_replace(o.title, '[0-9]+$', (%(have)s + o.place)::text) AS new_title,
        regexp_replace(o.title_key, '[0-9]+$', (%(have)s + o.place)::text) AS new_title_key,
        interval '1 minute' * ((o.place * 37 + %(have)s) %% 1440) AS earlier
    FROM originals AS o JOIN teams ON teams.place = (o.place * 7 + %(have)s * 13) %% teams.number
    ORDER BY o.place
), new_subjects AS (
    INSERT INTO {subject} (id, kind, object_id, reference, title, viewers, granted, is_retired)
    SELECT new_subject, 'risk', new_id, reference, new_title,
        CASE WHEN is_restricted THEN ARRAY[team_subject] END, '{{}}', false
    FROM copies
), new_events AS (
    INSERT INTO {event} (subject_id, data, {event_columns})
    SELECT new_subject,
        jsonb_set(e.data, '{{rows,0}}', e.data #> '{{rows,0}}' || jsonb_build_object(
            'pk', new_id,
            'changes', e.data #> '{{rows,0,changes}}' || jsonb_build_object(
                'title', jsonb_build_array(NULL, new_title),
                'team_id', jsonb_build_array(NULL, new_team),
                'subject_id', jsonb_build_array(NULL, new_subject),
                'opened_at', jsonb_build_array(NULL, opened_at - earlier),
                'updated_at', jsonb_build_array(NULL, updated_at - earlier)))),
        {event_values}
    FROM copies JOIN {event} AS e ON e.subject_id = copies.subject_id AND e.verb = 'risklog.risk_opened'
)
INSERT INTO {risk} (id, subject_id, title, title_key, team_id, opened_at, updated_at, {columns})
SELECT new_id, new_subject, new_title, new_title_key, new_team, opened_at - earlier, updated_at - earlier,
    {columns}
FROM copies
"""
_NEW = "SELECT id, kind, title FROM history_subject WHERE id > %s AND kind = 'risk'"


def add_copies(rows: int) -> None:
    """Add copies of the recorded risks up to `rows` risks, at most RECORDED in a transaction."""
    have = Risk.objects.count()
    while have < rows:
        with transaction.atomic():
            newest = Subject.objects.order_by("-pk").values_list("pk", flat=True)[0]
            with connection.cursor() as cursor:
                cursor.execute(_statement(), {"count": min(RECORDED, rows - have), "have": have})
                if not cursor.rowcount:
                    raise RuntimeError("There is no risk to copy.")
                have += cursor.rowcount
            documents.write_with("risk", _NEW, [newest])


def _statement() -> str:
    columns = [field.column for field in Risk._meta.local_concrete_fields if field.column not in _OWN]
    of_event = [
        field.column
        for field in Event._meta.local_concrete_fields
        if field.column not in {"id", "subject_id", "data", "recorded_at"}
    ]
    return _COPY.format(
        team=Team._meta.db_table,
        risk=Risk._meta.db_table,
        subject=Subject._meta.db_table,
        event=Event._meta.db_table,
        sequence=references.sequence("R"),
        columns=", ".join(columns),
        event_columns=", ".join(of_event),
        event_values=", ".join(f"e.{name}" for name in of_event),
    )
