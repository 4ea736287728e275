"""Bound the points by a moment at least a month ahead, so that their table can become a partition (ADR 0046).

NOT VALID: no row is read while the table is locked. The next migration checks the rows.
"""

from django.db import migrations

BOUND = """
DO $$
DECLARE
    newest timestamptz;
    bound timestamptz;
BEGIN
    SELECT greatest(max(ts), now()) INTO newest FROM signals_point;
    bound := (date_trunc('month', newest AT TIME ZONE 'UTC') + interval '2 months') AT TIME ZONE 'UTC';
    EXECUTE format('ALTER TABLE signals_point ADD CONSTRAINT signals_point_bound CHECK (ts < %L) NOT VALID', bound);
END
$$;
"""
UNBOUND = "ALTER TABLE signals_point DROP CONSTRAINT signals_point_bound"


class Migration(migrations.Migration):
    dependencies = [("signals", "0011_generic_adapter")]

    operations = [migrations.RunSQL(BOUND, UNBOUND)]
