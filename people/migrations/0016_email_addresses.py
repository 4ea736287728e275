"""The addresses of all people in the table of allauth: one statement, which locks no row of people."""

from django.db import migrations

ADD = """
INSERT INTO account_emailaddress (user_id, email, verified, "primary")
SELECT id, email, TRUE, TRUE FROM people_user
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0015_max_blocked_days"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunSQL(ADD, migrations.RunSQL.noop)]
