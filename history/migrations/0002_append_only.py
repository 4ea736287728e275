"""The sequences behind references, and the trigger that refuses to change history.

The database's rights are the first guard (history.guard); the trigger is the second, and the only one where
one role does everything.
"""

from django.db import migrations

PREFIXES = "rqbeadmixlc"

GUARD = """
CREATE FUNCTION history_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only: % on history_event is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER history_event_append_only BEFORE UPDATE OR DELETE ON history_event
    FOR EACH ROW EXECUTE FUNCTION history_event_is_append_only();
CREATE TRIGGER history_event_never_truncated BEFORE TRUNCATE ON history_event
    FOR EACH STATEMENT EXECUTE FUNCTION history_event_is_append_only();
"""
UNGUARD = """
DROP TRIGGER history_event_never_truncated ON history_event;
DROP TRIGGER history_event_append_only ON history_event;
DROP FUNCTION history_event_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("history", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [f"CREATE SEQUENCE history_reference_{letter}" for letter in PREFIXES],
            [f"DROP SEQUENCE history_reference_{letter}" for letter in PREFIXES],
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
