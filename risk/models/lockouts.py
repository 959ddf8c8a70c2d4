"""Who may not try to log in for a while, and why."""

from enum import StrEnum

from django.db import models


class LockoutKind(StrEnum):
    """What is locked out.

    PERSON:  a name, from any browser that person never logged in with.
    BROWSER: one browser that somebody did log in with, for that name.
    SESSION: a person who is logged in, where the password is asked for once more.
    ADDRESS: an address, for names, passwords and links.
    TOKENS:  an address, for bearer tokens.
    """

    PERSON = "person"
    BROWSER = "browser"
    SESSION = "session"
    ADDRESS = "address"
    TOKENS = "tokens"


class Lockout(models.Model):
    """A span in which nothing that is tried is looked at. Lifted, never deleted.

    Units:
        number: 1, 2, 3 ... of this subject; what is counted towards the next begins anew with it.
        tries:  wrong ones that led to it.
    """

    kind = models.CharField(max_length=10)
    subject = models.CharField(max_length=150)
    number = models.PositiveIntegerField()
    began = models.DateTimeField()
    until = models.DateTimeField(db_index=True)
    tries = models.PositiveIntegerField()
    from_address = models.CharField(max_length=60)
    lifted = models.DateTimeField(null=True)
    lifted_by_name = models.CharField(max_length=150, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "number"], name="risk_lockout_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} until {self.until:%Y-%m-%d %H:%M:%S}"
