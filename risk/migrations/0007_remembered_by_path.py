"""Keys count for one address each. Nothing was ever remembered before, so there is no row to give a path to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risk", "0006_consent_about")]

    operations = [
        migrations.RemoveConstraint(model_name="remembered", name="risk_remembered_once"),
        migrations.AddField(
            model_name="remembered",
            name="path",
            field=models.CharField(default="", max_length=200),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="remembered",
            constraint=models.UniqueConstraint(fields=("who", "path", "key"), name="risk_remembered_once"),
        ),
    ]
