import json

from django.db import migrations

from catalogue.slugs import name_key


def name_open_causes_by_model(apps, schema_editor):
    """Give open groups the key that new breaches of their cause have: the slug, not the spelling.

    A group whose new key another open group has keeps its key, because each key has one open group.
    """
    alias = schema_editor.connection.alias
    groups = apps.get_model("signals", "BreachGroup").objects.using(alias).filter(state="open")
    taken = set(groups.values_list("cause_key", flat=True))
    for group in groups.select_related("model").order_by("pk").iterator():
        try:
            source_id, rule, _, kind = json.loads(group.cause_key)
        except ValueError:  # a long key is cut
            continue
        key = json.dumps(
            [source_id, rule, group.model.slug if group.model else name_key(group.model_name), kind]
        )
        if len(key) <= 300 and key not in taken:
            taken.add(key)
            groups.filter(pk=group.pk).update(cause_key=key)


class Migration(migrations.Migration):
    dependencies = [("signals", "0006_merged_breach_groups")]

    operations = [migrations.RunPython(name_open_causes_by_model, migrations.RunPython.noop)]
