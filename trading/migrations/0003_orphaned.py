from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0002_rehearsal"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="orphaned_ms",
            field=models.BigIntegerField(null=True),
        ),
    ]
