"""Webhook endpoints and their deliveries. The tables are new."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0006_plain_labels"),
        ("notices", "0007_entry_for_digest"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("name", models.CharField(max_length=80)),
                ("url", models.CharField(max_length=2000)),
                (
                    "verbs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), size=None
                    ),
                ),
                (
                    "shape",
                    models.CharField(
                        choices=[
                            ("standard", "Standard Webhooks"),
                            ("slack", "Slack"),
                            ("teams", "Microsoft Teams"),
                        ],
                        default="standard",
                        max_length=8,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("nonce", models.CharField(max_length=64)),
                ("floor", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("closed_until", models.DateTimeField(blank=True, null=True)),
                ("is_owner_told", models.BooleanField(default=False)),
                ("last_sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("claim", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("not_before", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("error", models.TextField(blank=True, default="")),
                ("settled_at", models.DateTimeField(null=True)),
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("verb", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("claimed", "Sending"),
                            ("done", "Accepted"),
                            ("dead", "Failed"),
                            ("unwanted", "Cancelled"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("answer_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("answer_text", models.CharField(blank=True, default="", max_length=1000)),
                ("took_ms", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "log",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300), default=list, size=None
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="history.event",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="history.subject"
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="notices.webhookendpoint",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "claimed"])),
                        fields=["not_before"],
                        name="notices_delivery_open",
                    ),
                    models.Index(fields=["endpoint", "-made_at", "-id"], name="notices_delivery_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "event"), name="notices_delivery_once")
                ],
            },
        ),
    ]
