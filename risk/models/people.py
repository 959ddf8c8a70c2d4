"""What people bring and leave: their tokens, the second person's word, answers that must not be given twice."""

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.db.models import Q


class Scope(StrEnum):
    """What a token may do; each includes those before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


class ApiToken(models.Model):
    """A person's key to the API. Only its digest is here; the token itself is shown once.

    Units:
        digest:  SHA-256 of the token, hex. The token is random, so no salt and no slow hash is needed.
        shown:   its first characters, to tell tokens apart.
        scope:   ``Scope``; never more than its person's role allows at the moment of use.
        expires: null: does not.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    shown = models.CharField(max_length=16)
    scope = models.CharField(max_length=10)
    made = models.DateTimeField()
    made_by_name = models.CharField(max_length=150)
    expires = models.DateTimeField(null=True, blank=True)
    used = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=150, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=Q(revoked__isnull=True), name="risk_token_name_once"
            ),
        ]

    def __str__(self) -> str:
        return f"token {self.name} of {self.user}, {self.scope}"


class Consent(models.Model):
    """A dangerous control that waits for a second person (``SECOND_PERSON=true``).

    Units:
        what:    ``reset`` or ``arm``.
        about:   what exactly it is for, by the word of the control; an agreement is good for nothing else.
        expires: after it nothing can be given or used any more.
        given:   when another risk admin agreed; ``used`` when the control was carried out with it.
        ended:   when somebody declined, or who asked took it back; it is good for nothing any more.
    """

    what = models.CharField(max_length=40)
    about = models.JSONField()
    reason = models.CharField(max_length=300)
    asked = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires = models.DateTimeField(db_index=True)
    given = models.DateTimeField(null=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    used = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=150, null=True, blank=True)
    ended_reason = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(given_by__isnull=True) | ~Q(given_by=models.F("asked_by")),
                name="risk_consent_of_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} asked by {self.asked_by}"


class Remembered(models.Model):
    """The answer to a POST with an ``Idempotency-Key``, kept for 24 hours: the same request gets it again.

    Units:
        who:     whose request it was; keys of two people or tokens do not meet.
        path:    where it went; nor do those of two addresses.
        request: digest of query and body; another request with the same key is refused.
        at:      when it came, which its 24 hours count from.
        status:  null while it is under way, and for ever where its process died before it answered.
        body:    the answer; one that holds a secret is not kept, and a sentence about it stands here instead.
    """

    who = models.CharField(max_length=150)
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, null=True, blank=True)
    body = models.TextField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "remembered"
        constraints = [models.UniqueConstraint(fields=["who", "path", "key"], name="risk_remembered_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.who} at {self.path}"
