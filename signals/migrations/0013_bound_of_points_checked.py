"""Check the bound of points for the rows that were there before. Meanwhile points are written and read."""

from django.db import migrations

CHECK = "ALTER TABLE signals_point VALIDATE CONSTRAINT signals_point_bound"


class Migration(migrations.Migration):
    dependencies = [("signals", "0012_bound_of_points")]

    operations = [migrations.RunSQL(CHECK, migrations.RunSQL.noop)]
