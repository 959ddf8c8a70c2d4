from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Value
from django.db.models.functions import Concat


def each_event_is_a_group(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """The next round of discovery names the tournament; until then what is known is the event."""
    market = apps.get_model("feeds", "Market")
    market.objects.update(group=Concat(Value("event "), F("event_id")))


class Migration(migrations.Migration):
    dependencies = [
        ("feeds", "0002_market_contract"),
    ]

    operations = [
        migrations.AddField(
            model_name="market",
            name="group",
            field=models.CharField(max_length=300, default=""),
            preserve_default=False,
        ),
        migrations.RunPython(each_event_is_a_group, migrations.RunPython.noop),
    ]
