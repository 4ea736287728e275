"""Every person gets a handle, the slug of their name: what a mention says after its @.

The column is filled before it becomes unique and required. There is one row a person, so the locks are short.
"""

from django.db import migrations, models

from people.slugs import free_slug, slug_of


def give_handles(apps, schema_editor):
    alias = schema_editor.connection.alias
    taken = set()
    for user in apps.get_model("people", "User").objects.using(alias).order_by("pk").only("pk", "name"):
        user.handle = free_slug(slug_of(user.name)[:50].rstrip("-"), taken, "person")
        taken.add(user.handle)
        user.save(update_fields=["handle"])


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0005_sample_time"),
    ]

    operations = [
        migrations.AddField("user", "handle", models.SlugField(max_length=60, null=True, db_index=False)),
        migrations.RunPython(give_handles, migrations.RunPython.noop),
        migrations.AlterField("user", "handle", models.SlugField(max_length=60, unique=True)),
    ]
