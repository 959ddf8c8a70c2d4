"""For which mode and wallet a preflight and an arming count. Both tables were empty until now."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risk", "0008_lockouts")]

    operations = [
        *(
            migrations.AddField(
                model_name=model,
                name=name,
                field=models.CharField(max_length=length, default="unknown"),
                preserve_default=False,
            )
            for model in ("preflight", "arming")
            for name, length in (("mode", 10), ("wallet", 42))
        ),
        migrations.AlterField(model_name="arming", name="process", field=models.CharField(max_length=300)),
    ]
