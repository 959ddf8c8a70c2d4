"""Text that no database takes: the zero character, and halves of a surrogate pair. Refused at the door, with 400.

PostgreSQL refuses both, SQLite one of them: found deeper inside each would be an error of ours (500).
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from ninja.parser import Parser

from risk.http.problems import Problem, answer

ZERO: Final = "\0"

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class CarefulParser(Parser):
    """Reads JSON bodies of the API. Raises ``Problem`` for one that holds such text, or is none."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            body: dict[str, Any] = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise Problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error}", field="body") from error
        if not all(storable(text) for text in _texts(body)):
            raise Problem(
                HTTPStatus.BAD_REQUEST, "a text in the body holds a character that is none", field="body"
            )
        return body


def storable(text: str) -> bool:
    """Whether a database takes it."""
    return ZERO not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _texts(found: object) -> Iterator[str]:
    waiting = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each


@sync_and_async_middleware
def careful(respond: Respond | RespondLater) -> Respond | RespondLater:
    """Refuse addresses with such text in path or query, whatever they lead to."""
    if iscoroutinefunction(respond):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _refusal(request) or await respond(request)

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        refusal = _refusal(request)
        if refusal is not None:
            return refusal
        response = respond(request)
        assert isinstance(response, HttpResponseBase), "told apart above"
        return response

    return now


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    if storable(request.path_info) and "%00" not in request.META.get("QUERY_STRING", ""):
        return None
    return answer(Problem(HTTPStatus.BAD_REQUEST, "the address holds a character that is none"))
