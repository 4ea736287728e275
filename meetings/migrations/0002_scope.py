"""Fill root, viewers, granted and the grants of the objects that were there before history.0003.

It stands in the uppermost room that knows what hangs on what, and is plain SQL on the tables of them all. It
may be run while others write and, if it was cut short, again: the grants are inserted first, which locks
nothing, then the subjects are updated in batches with a transaction each.

Afterwards everybody sees what they saw: teams through the root, single people through a grant. Where an object
was restricted to fewer than its root, it stands alone and keeps its viewers. The people who keep a risk (owner,
raiser) see all that hangs on it, as they do from now on.
"""

from django.db import migrations

BATCH = 5000

# What hangs on what: %s is the subject whose parent is asked for.
PARENT = """
    SELECT model.subject_id AS id FROM signals_series x JOIN catalogue_model model ON model.id = x.model_id
    WHERE x.subject_id = {id}
    UNION ALL
    SELECT model.subject_id FROM signals_breachgroup x JOIN catalogue_model model ON model.id = x.model_id
    WHERE x.subject_id = {id}
    UNION ALL
    SELECT series.subject_id FROM signals_threshold x JOIN signals_series series ON series.id = x.series_id
    WHERE x.subject_id = {id}
    UNION ALL SELECT about_id FROM risklog_review x WHERE x.subject_id = {id}
    UNION ALL SELECT about_id FROM risklog_escalation x WHERE x.subject_id = {id}
    UNION ALL SELECT coalesce(about_id, origin_id) FROM actions_action x WHERE x.subject_id = {id}
    UNION ALL SELECT about_id FROM learnings_learning x WHERE x.subject_id = {id}
    UNION ALL SELECT about_id FROM meetings_decision x WHERE x.subject_id = {id}
"""

# (object, user, reason, reach, source, moment) of everybody who was asked, was called, owns, wrote.
REASONS = """
WITH called AS (
    SELECT e.subject_id AS escalation, e.about_id, told.id AS user_id, 'called' AS reason, c.at
    FROM risklog_climb c JOIN risklog_escalation e ON e.id = c.escalation_id
    CROSS JOIN LATERAL unnest(c.told) AS told (id)
    UNION ALL
    SELECT subject_id, about_id, acknowledged_by_id, 'holder', started_at FROM risklog_escalation
), reasons (subject_id, user_id, reason, reach, source_id, at) AS (
    SELECT subject_id, owner_id, 'owner', 'root', NULL::bigint, opened_at FROM risklog_risk
    UNION ALL
    SELECT q.subject_id, r.user_id, CASE WHEN r.stands_in_for_id IS NULL THEN 'asked' ELSE 'stand_in' END,
        'object', q.subject_id, r.asked_at
    FROM risklog_reviewer r JOIN risklog_review q ON q.id = r.review_id
    UNION ALL
    SELECT q.about_id, r.user_id, CASE WHEN r.stands_in_for_id IS NULL THEN 'asked' ELSE 'stand_in' END,
        'object', q.subject_id, r.asked_at
    FROM risklog_reviewer r JOIN risklog_review q ON q.id = r.review_id
    UNION ALL SELECT escalation, user_id, reason, 'object', escalation, at FROM called
    UNION ALL SELECT about_id, user_id, reason, 'object', escalation, at FROM called
    UNION ALL
    SELECT q.about_id, called.user_id, called.reason, 'object', called.escalation, called.at
    FROM called JOIN risklog_review q ON q.subject_id = called.about_id
    UNION ALL SELECT subject_id, owner_id, 'owner', 'object', NULL, made_at FROM actions_action
    UNION ALL SELECT about_id, owner_id, 'owner', 'object', subject_id, made_at FROM actions_action
    UNION ALL SELECT subject_id, author_id, 'author', 'object', NULL, made_at FROM learnings_learning
    UNION ALL SELECT subject_id, recorded_by_id, 'recorder', 'object', NULL, decided_at FROM meetings_decision
)
INSERT INTO history_grant (subject_id, person_id, reason, reach, source_id, at)
SELECT r.subject_id, u.subject_id, r.reason, r.reach, r.source_id, min(r.at)
FROM reasons r JOIN people_user u ON u.id = r.user_id JOIN history_subject s ON s.id = r.subject_id
WHERE s.viewers IS NULL OR u.subject_id = ANY(s.viewers || s.granted) OR EXISTS (
    SELECT FROM people_membership m JOIN people_team t ON t.id = m.team_id
    WHERE m.user_id = u.id AND t.subject_id = ANY(s.viewers)
)
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT DO NOTHING
"""
RAISERS = """
INSERT INTO history_grant (subject_id, person_id, reason, reach, at)
SELECT DISTINCT ON (e.subject_id) e.subject_id, e.actor_id, 'raiser', 'root', e.at
FROM history_event e JOIN history_subject s ON s.id = e.subject_id JOIN people_user u ON u.subject_id = e.actor_id
WHERE e.verb = 'risklog.risk_opened' AND (s.viewers IS NULL OR e.actor_id = ANY(s.viewers || s.granted))
ORDER BY e.subject_id, e.id
ON CONFLICT DO NOTHING
"""
# Single people who see a restricted object for a reason nobody wrote down.
EARLIER = """
INSERT INTO history_grant (subject_id, person_id, reason, reach, at)
SELECT s.id, person.id, 'earlier', 'object', now()
FROM history_subject s CROSS JOIN LATERAL unnest(s.viewers) AS viewer (id)
JOIN history_subject person ON person.id = viewer.id AND person.kind = 'person'
WHERE s.viewers IS NOT NULL AND s.root_id IS NULL
  AND s.kind IN (
      'risk', 'review', 'escalation', 'action', 'learning', 'decision', 'breach', 'series', 'threshold'
  )
  AND NOT EXISTS (SELECT FROM history_grant g WHERE g.subject_id = s.id AND g.person_id = person.id)
ON CONFLICT DO NOTHING
"""
LEFT = """
UPDATE history_grant g SET ended_at = now(), has_left = true
FROM people_user u WHERE u.subject_id = g.person_id AND NOT u.is_active AND g.ended_at IS NULL
"""
RISKS = """
UPDATE history_subject s SET
    viewers = ARRAY(
        SELECT v.id FROM unnest(s.viewers) AS viewer (id) JOIN history_subject v ON v.id = viewer.id
        WHERE v.kind <> 'person' OR EXISTS (
            SELECT FROM history_grant g
            WHERE g.subject_id = s.id AND g.person_id = v.id AND g.reach = 'root' AND g.ended_at IS NULL
        )
        ORDER BY 1
    ),
    granted = ARRAY(
        SELECT DISTINCT person_id FROM history_grant g
        WHERE g.subject_id = s.id AND g.reach = 'object' AND g.ended_at IS NULL ORDER BY 1
    )
WHERE s.kind = 'risk' AND s.viewers IS NOT NULL
"""
SUBJECTS = f"""
WITH RECURSIVE up (id, ancestor, depth) AS (
    SELECT id, id, 0 FROM history_subject WHERE id BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT up.id, parent.id, up.depth + 1
    FROM up CROSS JOIN LATERAL ({PARENT.format(id="up.ancestor")}) AS parent
    WHERE parent.id IS NOT NULL AND up.depth < 100
), top AS (
    SELECT DISTINCT ON (up.id) up.id, root.id AS root_id, root.viewers
    FROM up JOIN history_subject root ON root.id = up.ancestor ORDER BY up.id, up.depth DESC
), placed AS (
    SELECT s.id, top.root_id <> s.id AND (
        s.viewers IS NULL OR top.viewers IS NOT NULL AND NOT EXISTS (
            SELECT FROM unnest(top.viewers) AS viewer (id)
            JOIN history_subject team ON team.id = viewer.id AND team.kind = 'team'
            WHERE team.id <> ALL(s.viewers)
        )
    ) AS is_below, top.root_id, top.viewers, ARRAY(
        SELECT DISTINCT person_id FROM history_grant g
        WHERE g.subject_id = s.id AND g.reach = 'object' AND g.ended_at IS NULL ORDER BY 1
    ) AS granted
    FROM top JOIN history_subject s ON s.id = top.id
)
UPDATE history_subject s SET
    root_id = CASE WHEN placed.is_below THEN placed.root_id END,
    viewers = CASE WHEN placed.is_below THEN placed.viewers ELSE s.viewers END,
    granted = placed.granted
FROM placed
WHERE placed.id = s.id AND s.root_id IS NULL AND (placed.is_below OR s.granted <> placed.granted)
"""  # noqa: S608 - our own text


def fill(apps, schema_editor):
    """Grants first, then risks, which are roots, then the rest."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM history_subject")
        (last,) = cursor.fetchone()
        if not last:
            return
        for statement in (REASONS, RAISERS, EARLIER, LEFT, RISKS):
            cursor.execute(statement)
        for first in range(1, last + 1, BATCH):
            cursor.execute(SUBJECTS, {"first": first, "last": first + BATCH - 1})


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("meetings", "0001_initial"),
        ("learnings", "0001_initial"),
        ("risklog", "0001_initial"),
        ("signals", "0002_points_covering_key"),
        ("catalogue", "0001_initial"),
        ("actions", "0001_initial"),
        ("people", "0001_initial"),
        ("history", "0004_scope_indexes"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
