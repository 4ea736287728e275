"""The ledger of the simulated weeks, in statements of its own: nothing lost, doubled or forgotten."""

from datetime import datetime, timedelta

from django.db import connection

from chaos.claims import Claim
from chaos.workplace import Workplace

# What is allowed to be late: a reminder waits for the working hours of a person.
PATIENCE = timedelta(days=4)

# Each statement selects what is wrong: one text a row.
FAULTS = {
    "breach groups without a review": """
        SELECT 'B' || g.id FROM signals_breachgroup g
        WHERE NOT EXISTS (SELECT 1 FROM risklog_review r WHERE r.about_id = g.subject_id)
          AND g.opened_at < %(late)s AND g.cleared_at IS NULL""",
    "reviews that reached no meeting": """
        SELECT s.reference FROM risklog_review r JOIN history_subject s ON s.id = r.subject_id
        WHERE r.state = 'open'
          AND NOT EXISTS (SELECT 1 FROM meetings_agendaitem i WHERE i.about_id = r.subject_id)""",
    "subjects twice on one agenda": """
        SELECT i.meeting_id || ' ' || i.about_id FROM meetings_agendaitem i WHERE i.about_id IS NOT NULL
        GROUP BY i.meeting_id, i.about_id HAVING count(*) > 1""",
    "unfinished items of closed meetings that went nowhere": """
        SELECT i.id::text FROM meetings_agendaitem i JOIN meetings_meeting m ON m.id = i.meeting_id
        WHERE m.state = 'closed' AND i.state IN ('waiting', 'current')""",
    "decisions without an action or a reason": """
        SELECT s.reference FROM meetings_decision d JOIN history_subject s ON s.id = d.subject_id
        WHERE d.no_action_reason = ''
          AND NOT EXISTS (SELECT 1 FROM actions_action a WHERE a.origin_id = d.subject_id)""",
    "late actions without an escalation": """
        SELECT s.reference FROM actions_action a JOIN history_subject s ON s.id = a.subject_id
        WHERE a.state IN ('open', 'doing', 'blocked') AND a.owner_id IS NOT NULL AND a.due_on < %(late)s::date
          AND NOT EXISTS (SELECT 1 FROM risklog_escalation e WHERE e.about_id = a.subject_id)""",
    "unanswered reviews without an escalation": """
        SELECT s.reference FROM risklog_review r JOIN history_subject s ON s.id = r.subject_id
        WHERE r.state = 'open' AND r.due_at < %(late)s
          AND EXISTS (SELECT 1 FROM risklog_reviewer w
                      WHERE w.review_id = r.id AND w.answered_at IS NULL AND w.replaced_by_id IS NULL)
          AND NOT EXISTS (SELECT 1 FROM risklog_escalation e WHERE e.about_id = r.subject_id)""",
    "rungs climbed twice": """
        SELECT escalation_id || ' rung ' || position FROM risklog_climb
        GROUP BY escalation_id, round, position HAVING count(*) > 1""",
    "rungs climbed out of order": """
        SELECT c.escalation_id || ' rung ' || c.position FROM risklog_climb c
        -- Later rounds begin on the top rung, which is called again.
        WHERE c.round = 1 AND c.position > 1 AND NOT EXISTS (
            SELECT 1 FROM risklog_climb b WHERE b.escalation_id = c.escalation_id AND b.round = c.round
              AND b.position = c.position - 1 AND b.at <= c.at)""",
    "people without exactly one digest a week": """
        SELECT u.email || ' ' || w.week FROM people_user u
        CROSS JOIN (SELECT DISTINCT week FROM notices_digest) w
        LEFT JOIN notices_digest d ON d.user_id = u.id AND d.week = w.week
        WHERE u.is_active GROUP BY u.email, w.week HAVING count(d.id) <> 1""",
    "messages of one cause": "SELECT key FROM notices_message GROUP BY key HAVING count(*) > 1",
    "open or dead handovers": """
        SELECT id || ' ' || handler || ' ' || error FROM history_handover WHERE state <> 'done'""",
    "dead or overdue due dates": """
        SELECT id || ' ' || kind || ' ' || error FROM history_due
        WHERE state = 'dead' OR (state = 'pending' AND at < %(now)s)""",
}


def claims(
    workplace: Workplace, counts: dict[str, int], *, weeks: int, seed: int, at: datetime
) -> list[Claim]:
    """Return one claim for each kind of fault, one for the digests, and one for what the API refused."""
    found = [_claim(what, _select(statement, at), seed) for what, statement in FAULTS.items()]
    digests = _select("SELECT DISTINCT week FROM notices_digest", at)
    found.append(Claim(27, "weeks with digests", len(digests), f">= {weeks - 1}", len(digests) >= weeks - 1))
    found.append(_claim("requests that the API refused", workplace.refused, seed))
    found[0].counts = dict(counts)
    return found


def _claim(what: str, faults: list[str], seed: int) -> Claim:
    return Claim(27, what, len(faults), "0", not faults, seed=seed, why=faults)


def _select(statement: str, at: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"now": at, "late": at - PATIENCE})
        return [text for (text,) in cursor.fetchall()]
