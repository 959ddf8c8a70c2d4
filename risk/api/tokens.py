"""``/api/v1/tokens``: the tokens people use the API with."""

from http import HTTPStatus

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema, Status

from infra.clock import now_ms, to_ms
from infra.paging import Asked, Id, Page, page
from risk.access import tokens
from risk.access.auth import is_personal
from risk.api.acted import ActedRequest, refuses
from risk.http.once import kept_instead
from risk.http.problems import Problem
from risk.models import ApiToken, Scope

router = Router(tags=["people"])


class TokenOut(Schema):
    """``shown`` are the token's first characters; times are ms since the epoch."""

    id: int
    user: str
    name: str
    shown: str
    scope: Scope
    made_ms: int
    made_by: str
    expires_ms: int | None
    used_ms: int | None
    revoked_ms: int | None
    revoked_by: str | None


class MadeTokenOut(TokenOut):
    token: str = Field(description="here and never again")


class TokenIn(Schema):
    name: str = Field(min_length=1, max_length=tokens.NAME_MAX, description="to tell it from your others")
    scope: Scope
    days: int | None = Field(
        default=90, ge=1, le=tokens.DAYS_MAX, description="until it expires; null: it does not"
    )
    user: str | None = Field(
        default=None,
        min_length=1,
        max_length=150,
        description="whose; default: yours. A risk admin names another",
    )


@router.get("/tokens", response=Page[TokenOut])
def list_tokens(request: ActedRequest, asked: Query[Asked]) -> Page[TokenOut]:
    """Your tokens; a risk admin sees everybody's."""
    return page(tokens.tokens_of(request.auth), asked, _token)


@router.post("/tokens", response={201: MadeTokenOut}, openapi_extra=refuses(HTTPStatus.NOT_FOUND))
def make_token(request: ActedRequest, asked: TokenIn, response: HttpResponse) -> Status[MadeTokenOut]:
    """Make a token. It is in this answer and nowhere else. A token makes no tokens."""
    if is_personal(request):
        raise Problem(HTTPStatus.FORBIDDEN, "a token makes no tokens: log in, or run manage.py make_token")
    by = request.auth
    owner = asked.user or (None if by.user is None else by.user.get_username())
    if owner is None:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"{by.name} is no person: say whose token", field="user"
        )
    made = tokens.make_token(
        owner=owner, name=asked.name, scope=asked.scope, days=asked.days, by=by, at=now_ms()
    )
    kept_instead(
        request,
        f"token {made.row.name} of {owner}, number {made.row.pk}, was made by the first request with this key; it was "
        "in that answer and is kept nowhere. If it did not arrive, revoke it and make another with a key of its own",
    )
    response["Cache-Control"] = "no-store"
    return Status(201, MadeTokenOut(token=made.token, **_token(made.row).dict()))


@router.post("/tokens/{token_id}/revoke", response=TokenOut)
def revoke_token(request: ActedRequest, token_id: Id) -> TokenOut:
    """End a token at once: your own, or anybody's as risk admin."""
    return _token(tokens.revoke_token(token_id=token_id, by=request.auth, at=now_ms()))


def _token(row: ApiToken) -> TokenOut:
    return TokenOut(
        id=row.pk,
        user=row.user.get_username(),
        name=row.name,
        shown=row.shown,
        scope=Scope(row.scope),
        made_ms=to_ms(row.made),
        made_by=row.made_by_name,
        expires_ms=None if row.expires is None else to_ms(row.expires),
        used_ms=None if row.used is None else to_ms(row.used),
        revoked_ms=None if row.revoked is None else to_ms(row.revoked),
        revoked_by=row.revoked_by_name,
    )
