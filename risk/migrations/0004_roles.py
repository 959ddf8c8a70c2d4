from django.conf import settings
from django.db import migrations

ROLES = ("viewer", "operator", "risk-admin")


def keep_what_people_may(apps, schema_editor):
    """Make the groups, and put everybody who could log in before there were roles into the one they had."""
    groups = {name: apps.get_model("auth", "Group").objects.get_or_create(name=name)[0] for name in ROLES}
    for user in apps.get_model("auth", "User").objects.filter(is_active=True):
        if user.is_superuser or user.groups.filter(name__in=ROLES).exists():
            continue
        user.groups.add(groups["operator" if user.is_staff else "viewer"])


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0003_halt_wishes"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(keep_what_people_may, migrations.RunPython.noop)]
