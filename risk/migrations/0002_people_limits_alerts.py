import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from infra.clock import to_ms
from risk.audit.chain import FIELDS, GENESIS, digest


def chain_what_is_there(apps, schema_editor):
    """Link the rows written before there was a chain, oldest first, and set its head."""
    audit, head = apps.get_model("risk", "Audit"), apps.get_model("risk", "AuditHead")
    number, newest = 0, GENESIS
    for row in audit.objects.order_by("pk").iterator():
        number += 1
        link = {name: getattr(row, name) for name in FIELDS}
        link |= {"number": number, "at": to_ms(row.at), "before_digest": newest}
        before, newest = newest, digest(link)
        audit.objects.filter(pk=row.pk).update(number=number, before_digest=before, digest=newest)
    head.objects.create(pk=1, number=number, digest=newest)


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Preflight",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                ("by_name", models.CharField(max_length=150)),
                ("passed", models.BooleanField()),
                ("checks", models.JSONField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="audit",
            name="before_digest",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="audit",
            name="digest",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="audit",
            name="number",
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.RunPython(chain_what_is_there, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="audit",
            name="number",
            field=models.PositiveBigIntegerField(unique=True),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(db_index=True, max_length=200)),
                ("code", models.CharField(db_index=True, max_length=60)),
                ("severity", models.PositiveSmallIntegerField()),
                ("text", models.CharField(max_length=500)),
                ("mode", models.CharField(max_length=12)),
                ("market_id", models.CharField(blank=True, max_length=100, null=True)),
                ("runbook", models.CharField(blank=True, max_length=100, null=True)),
                ("began", models.DateTimeField(db_index=True)),
                ("last", models.DateTimeField()),
                ("times", models.PositiveIntegerField()),
                ("told", models.DateTimeField(null=True)),
                ("acknowledged", models.DateTimeField(null=True)),
                ("acknowledged_by_name", models.CharField(blank=True, max_length=150, null=True)),
                ("ended", models.DateTimeField(blank=True, null=True)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("shown", models.CharField(max_length=16)),
                ("scope", models.CharField(max_length=10)),
                ("made", models.DateTimeField()),
                ("made_by_name", models.CharField(max_length=150)),
                ("expires", models.DateTimeField(blank=True, null=True)),
                ("used", models.DateTimeField(null=True)),
                ("revoked", models.DateTimeField(null=True)),
                ("revoked_by_name", models.CharField(blank=True, max_length=150, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Breaker",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("market_id", models.CharField(db_index=True, max_length=100)),
                ("code", models.CharField(max_length=20)),
                ("detail", models.CharField(max_length=300)),
                ("tripped", models.PositiveIntegerField()),
                ("opened", models.DateTimeField(db_index=True)),
                ("until", models.DateTimeField()),
                ("half_open", models.DateTimeField(null=True)),
                ("ended", models.DateTimeField(null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=300, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended__isnull", True)),
                        fields=("market_id",),
                        name="risk_one_breaker_a_market",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("shard", models.CharField(max_length=100)),
                ("number", models.PositiveIntegerField()),
                ("limits_number", models.PositiveIntegerField()),
                ("total_exposure", models.BigIntegerField()),
                ("group_exposure", models.BigIntegerField()),
                ("daily_loss", models.BigIntegerField()),
                ("orders_per_s", models.PositiveIntegerField()),
                ("cash", models.BigIntegerField(null=True)),
                ("dealt", models.DateTimeField()),
                ("acked", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("shard", "number"), name="risk_budget_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("total_exposure__gte", 0), ("group_exposure__gte", 0), ("daily_loss__gte", 0)
                        ),
                        name="risk_budget_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("what", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=300)),
                ("asked", models.DateTimeField()),
                ("expires", models.DateTimeField()),
                ("given", models.DateTimeField(null=True)),
                ("used", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("channel", models.CharField(max_length=60)),
                ("at", models.DateTimeField(db_index=True)),
                ("number", models.PositiveSmallIntegerField()),
                ("succeeded", models.BooleanField()),
                ("detail", models.CharField(max_length=300)),
                (
                    "alert",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="risk.alert",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
            },
        ),
        migrations.CreateModel(
            name="LimitsVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True)),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=300)),
                ("values", models.JSONField()),
                ("before", models.JSONField()),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Arming",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("began", models.DateTimeField()),
                ("by_name", models.CharField(max_length=150)),
                ("process", models.CharField(max_length=60)),
                ("used", models.DateTimeField(null=True)),
                ("ended", models.DateTimeField(null=True)),
                ("ended_by_name", models.CharField(blank=True, max_length=150, null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=300, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "preflight",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="risk.preflight"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Remembered",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("who", models.CharField(max_length=150)),
                ("key", models.CharField(max_length=200)),
                ("request", models.CharField(max_length=64)),
                ("at", models.DateTimeField(db_index=True)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("content_type", models.CharField(blank=True, max_length=100, null=True)),
                ("body", models.TextField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "remembered",
                "constraints": [models.UniqueConstraint(fields=("who", "key"), name="risk_remembered_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended__isnull", True)), fields=("key",), name="risk_alert_once_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked__isnull", True)),
                fields=("user", "name"),
                name="risk_token_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("given_by__isnull", True),
                    models.Q(("given_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="risk_consent_of_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="arming",
            constraint=models.UniqueConstraint(
                models.Value(1), condition=models.Q(("ended__isnull", True)), name="risk_one_arming_in_force"
            ),
        ),
    ]
