from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0002_people_limits_alerts"),
    ]

    operations = [
        migrations.AddField(
            model_name="haltreport",
            name="note",
            field=models.CharField(max_length=300, null=True),
        ),
        migrations.AddField(
            model_name="haltround",
            name="wish",
            field=models.CharField(max_length=32, null=True, unique=True),
        ),
    ]
