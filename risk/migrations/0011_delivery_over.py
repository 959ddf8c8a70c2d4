"""Whether a message said that its alert is over; until now guessed from its time, which is what older rows keep."""

from django.db import migrations, models
from django.db.models import F


def guess_as_before(apps, schema_editor):
    """A message that left after the end was taken to have told it."""
    delivery = apps.get_model("risk", "Delivery")
    delivery.objects.filter(alert__ended__lte=F("at")).update(over=True)


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0010_runner_account"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="over",
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.RunPython(guess_as_before, migrations.RunPython.noop),
    ]
