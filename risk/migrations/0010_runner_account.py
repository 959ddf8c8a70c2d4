"""Which account a runner trades with: whose cash it shares. Null until it begins the next time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0009_arming"),
    ]

    operations = [
        migrations.AddField(
            model_name="runner",
            name="account_id",
            field=models.BigIntegerField(null=True),
        ),
    ]
