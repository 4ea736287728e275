"""Each accepted risk gets the record of its acceptance, from its fields and its last event of acceptance.

Only the new table is written, so nobody waits. Old code that accepts a risk meanwhile leaves it without a
record. All steps of such a risk still work, and its next acceptance has one. Nobody is named as the proposer:
before this version one person could accept alone.
"""

from django.db import migrations

ADD = """
INSERT INTO risklog_acceptance
    (version, state, reason, until, risk_id, proposed_at, decided_by_id, decided_at, decision_reason)
SELECT 1, 'accepted', risk.acceptance_reason, risk.accepted_until, risk.id,
    COALESCE(event.at, risk.updated_at), person.id, COALESCE(event.at, risk.updated_at), ''
FROM risklog_risk AS risk
LEFT JOIN LATERAL (
    SELECT at, actor_id FROM history_event
    WHERE subject_id = risk.subject_id AND verb = 'risklog.risk_accepted'
    ORDER BY at DESC, id DESC LIMIT 1
) AS event ON true
LEFT JOIN people_user AS person ON person.subject_id = event.actor_id
WHERE risk.state = 'accepted'
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0006_plain_labels"),
        ("people", "0009_max_acceptance_days"),
        ("risklog", "0007_acceptance"),
    ]

    operations = [migrations.RunSQL(ADD, migrations.RunSQL.noop)]
