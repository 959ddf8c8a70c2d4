"""``Idempotency-Key`` over HTTP: a POST that is sent twice is carried out once, and answered twice alike.

For everything but halting: the row comes first, the control second, the answer last (``remembered``). A halt is
never refused and never waits for a row: it gets its first answer again only while no halt was ended since, and is
carried out in every other case. Pressing HALT twice is safe; not pressing it is not.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from infra import logs
from infra.clock import now_ms
from infra.deadline import answered_within
from infra.patience import impatient
from risk.access import halt_pass
from risk.access.auth import identify, identify_who_halts
from risk.http import carried_out, remembered
from risk.http.problems import KEY_HEADER, Problem, answer
from risk.http.remembered import Answer, Asked

KEY_MAX: Final = 200
WHO_MAX: Final = 150
PATH_MAX: Final = 200
BODY_MAX: Final = 1_000_000
# A halt waits no longer than this for what it was answered before.
HALT_ASKS_WITHIN_MS: Final = 100
HALT_KEEPS_WITHIN_MS: Final = 100
INSTEAD: Final = "_kept_instead"

Respond = Callable[..., HttpResponseBase]

log = logs.get("risk")


def once(respond: Respond) -> Respond:
    """Honour the header of a POST; without one, ``respond`` is left alone.

    Raises what identifying and ``remembered.claim`` raise, and ``Problem`` for a key that is none.
    """

    @wraps(respond)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(KEY_HEADER)
        if request.method != "POST" or key is None:
            return respond(request, *args, **kwargs)

        def act() -> HttpResponseBase:
            return respond(request, *args, **kwargs)

        if halt_pass.opens(request):
            return _halt_once(_asked(request, key, who=identify_who_halts(request).name), act, request)
        return _act_once(_asked(request, key, who=identify(request).name), act, request)

    return answered


def kept_instead(request: HttpRequest, words: str) -> None:
    """Say, from inside a control whose answer holds a secret, what is told to whoever sends the request again.

    The answer itself is then kept nowhere.
    """
    setattr(request, INSTEAD, words)


def _act_once(asked: Asked, act: Callable[[], HttpResponseBase], request: HttpRequest) -> HttpResponseBase:
    found = remembered.claim(asked, at=now_ms())
    if isinstance(found, Answer):
        return _again(found)
    response = None
    try:
        response = act()
    finally:
        if response is None:
            remembered.let_go(found)
    try:
        if may_be_kept(response) or carried_out.so_far():
            remembered.keep(found, _kept(response, request))
        else:
            remembered.let_go(found)
    except DatabaseError as error:
        # It was carried out: say so. Whoever sends it again is told that its answer is not known.
        log.error("answer not remembered", path=asked.path, error=str(error), event_type="error")
    return response


def _halt_once(asked: Asked, act: Callable[[], HttpResponseBase], request: HttpRequest) -> HttpResponseBase:
    came = now_ms()
    try:
        with answered_within(HALT_ASKS_WITHIN_MS):
            found = remembered.standing(asked, at=came)
    except DatabaseError as error:
        log.warning("halt not looked up by its key, carried out", error=str(error))
        return act()
    if found is not None:
        return _again(found)
    response = act()
    if may_be_kept(response):
        try:
            with impatient(within_ms=HALT_KEEPS_WITHIN_MS):
                remembered.keep_new(asked, _kept(response, request), at=came)
        except DatabaseError as error:
            log.warning("answer to a halt not remembered", path=asked.path, error=str(error))
    return response


def may_be_kept(response: HttpResponseBase) -> bool:
    """What failed may succeed the next time, and nobody's request is nobody's."""
    return isinstance(response, HttpResponse) and response.status_code < 500 and response.status_code != 401


def _kept(response: HttpResponseBase, request: HttpRequest) -> Answer:
    assert isinstance(response, HttpResponse), "asked before"
    words: str | None = getattr(request, INSTEAD, None)
    if words is None and len(response.content) > BODY_MAX:
        words = f"it was carried out with status {response.status_code}; its long answer was not kept: read the state"
    if words is not None:
        response = answer(Problem(HTTPStatus.CONFLICT, words, field=KEY_HEADER))
    return Answer(response.status_code, response["Content-Type"], response.content.decode())


def _again(kept: Answer) -> HttpResponse:
    response = HttpResponse(kept.body, status=kept.status, content_type=kept.content_type)
    response["Cache-Control"] = "no-store"
    response["Idempotent-Replayed"] = "true"
    return response


def _asked(request: HttpRequest, key: str, *, who: str) -> Asked:
    if not 1 <= len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"Idempotency-Key must be 1 to {KEY_MAX} printable ASCII characters, not {len(key)} of them: "
            "send a random one, a new one for each control",
            field=KEY_HEADER,
        )
    digest = hashlib.sha256(request.META.get("QUERY_STRING", "").encode() + b"\n" + request.body)
    return Asked(_bounded(who, WHO_MAX), _bounded(request.path, PATH_MAX), key, digest.hexdigest())


def _bounded(text: str, longest: int) -> str:
    """A text as it is, or its beginning and its digest: two long ones with one beginning must not meet."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: longest - len(digest) - 1]} {digest}"
