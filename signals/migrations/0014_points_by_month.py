"""Partition the points by month (ADR 0046). The table with the present points becomes the first partition.

It is locked exclusively, for milliseconds: no row is read, because its CHECK says what it has.
"""

from django.db import migrations

# The rights are copied at once, because the version before writes while this runs.
BY_MONTH = """
DO $$
DECLARE
    bound timestamptz;
    given record;
BEGIN
    LOCK TABLE signals_point IN ACCESS EXCLUSIVE MODE;
    SELECT substring(pg_get_constraintdef(oid) FROM '''([^'']+)''')::timestamptz INTO bound
      FROM pg_constraint WHERE conrelid = 'signals_point'::regclass AND conname = 'signals_point_bound';
    IF NOT EXISTS (SELECT FROM signals_point) THEN
        bound := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    END IF;
    ALTER TABLE signals_point RENAME TO signals_point_early;
    ALTER TABLE signals_point_early RENAME CONSTRAINT signals_point_pkey TO signals_point_early_pkey;
    CREATE TABLE signals_point (
        ts timestamptz NOT NULL,
        value double precision NOT NULL,
        series_id bigint NOT NULL,
        CONSTRAINT signals_point_pkey PRIMARY KEY (series_id, ts) INCLUDE (value)
    ) PARTITION BY RANGE (ts);
    EXECUTE format(
        'ALTER TABLE signals_point ATTACH PARTITION signals_point_early FOR VALUES FROM (MINVALUE) TO (%L)', bound
    );
    ALTER TABLE signals_point_early DROP CONSTRAINT signals_point_bound;
    FOR given IN
        SELECT acl.grantee::regrole AS role, acl.privilege_type AS privilege
          FROM pg_class, aclexplode(relacl) AS acl
         WHERE pg_class.oid = 'signals_point_early'::regclass AND acl.grantee <> 0
           AND acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    LOOP
        EXECUTE format('GRANT %s ON signals_point TO %s', given.privilege, given.role);
    END LOOP;
END
$$;
"""
# The application role owns no table, so it makes months by this function of their owner, and nothing else.
MAKE_MONTHS = """
CREATE FUNCTION signals_make_months(until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
    month timestamptz;
    made integer := 0;
    name text;
BEGIN
    until := least(until, now() + interval '10 years');
    PERFORM pg_advisory_xact_lock(hashtext('signals_make_months'));
    SELECT max(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']+)''\\)')::timestamptz) INTO month
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'signals_point'::regclass;
    WHILE month < until LOOP
        name := 'signals_point_' || to_char(month, 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I (LIKE signals_point)', name);
        EXECUTE format(
            'ALTER TABLE signals_point ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            name, month, month + interval '1 month'
        );
        month := month + interval '1 month';
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
SELECT signals_make_months(now() + interval '92 days');
"""
DROP_FUNCTION = "DROP FUNCTION signals_make_months(timestamptz)"
# All points in one table again, as before. It copies the points of the months.
AS_BEFORE = """
DO $$
DECLARE
    bound timestamptz;
BEGIN
    SELECT greatest(max(ts), now()) + interval '2 months' INTO bound FROM signals_point;
    ALTER TABLE signals_point RENAME TO signals_point_parted;
    ALTER TABLE signals_point_parted RENAME CONSTRAINT signals_point_pkey TO signals_point_parted_pkey;
    ALTER TABLE signals_point_parted DETACH PARTITION signals_point_early;
    INSERT INTO signals_point_early (ts, value, series_id) SELECT ts, value, series_id FROM signals_point_parted;
    DROP TABLE signals_point_parted;
    ALTER TABLE signals_point_early RENAME TO signals_point;
    ALTER TABLE signals_point RENAME CONSTRAINT signals_point_early_pkey TO signals_point_pkey;
    EXECUTE format('ALTER TABLE signals_point ADD CONSTRAINT signals_point_bound CHECK (ts < %L)', bound);
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("signals", "0013_bound_of_points_checked")]

    operations = [
        migrations.RunSQL(BY_MONTH, AS_BEFORE),
        migrations.RunSQL(MAKE_MONTHS, DROP_FUNCTION),
    ]
