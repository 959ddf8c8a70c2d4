"""Attacks on the doors, with real requests to the real web server. Each is refused."""

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from redis import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_socket
from websockets.sync.connection import Connection

from infra import onetime
from polyloly_site.api import api
from risk.models import Audit, Halt, Lockout
from tests.e2e.webserver import WebServer

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("redis")]

PASSWORD = "a long passphrase"
EVIL = "https://evil.example.org"
ANSWERS_WITHIN_S = 60
ENDS_WITHIN_S = 60  # five at rest; the machine may be busy
DOORS = ("/admin/halt", "/admin/reset", "/admin/halt-market?market_id=x", "/admin/resume-market?market_id=x")


Browser = Callable[[], httpx.Client]


@pytest.fixture
def browser(origin: str) -> Iterator[Browser]:
    """A new browser each time, with cookies of its own."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(httpx.Client(base_url=origin, timeout=ANSWERS_WITHIN_S))


def cookie_of(client: httpx.Client, kind: str) -> str:
    port = urlsplit(str(client.base_url)).port
    return client.cookies[f"polyloly_{kind}_{port}"]


def form_token(client: httpx.Client, path: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).text)
    assert found is not None, path
    return found[1]


def log_in(client: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    form = {
        "username": name,
        "password": password,
        "csrfmiddlewaretoken": form_token(client, "/login/"),
        **more,
    }
    return client.post("/login/", data=form)


@pytest.fixture
def ada(person: User) -> User:
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def as_ada(browser: Browser, ada: User) -> httpx.Client:
    client = browser()
    assert log_in(client, "ada", PASSWORD).status_code == HTTPStatus.FOUND
    assert client.get("/").status_code == HTTPStatus.OK
    return client


def controls() -> list[tuple[str, str]]:
    """Everything the API lets a session change, as method and path."""
    paths: dict[str, dict[str, Any]] = api.get_openapi_schema()["paths"]
    found = [(verb, path) for path, verbs in paths.items() for verb in verbs if verb not in ("get", "head")]
    return [(verb.upper(), re.sub(r"\{[^}]+\}", "1", path)) for verb, path in found]


def test_no_control_is_used_by_a_session_without_its_csrf_token(as_ada: httpx.Client) -> None:
    every = [*controls(), *(("POST", door) for door in DOORS)]
    assert len(every) > 20

    answers = {
        f"{verb} {path}": as_ada.request(verb, path, json={"reason": "from another page"}).status_code
        for verb, path in every
    }

    assert {path: status for path, status in answers.items() if status != HTTPStatus.FORBIDDEN} == {}
    assert not Halt.objects.exists()


@pytest.mark.parametrize("origin_said", [EVIL, "null", "http://127.0.0.1:1"])
def test_another_pages_origin_is_refused_although_the_token_is_right(
    as_ada: httpx.Client, origin_said: str
) -> None:
    headers = {"X-CSRFToken": cookie_of(as_ada, "csrf"), "Origin": origin_said}

    answers = [as_ada.post(path, json={"reason": "x"}, headers=headers) for path in ("/api/v1/halts", *DOORS)]

    assert {answer.status_code for answer in answers} == {HTTPStatus.FORBIDDEN}
    assert not Halt.objects.exists()


@pytest.mark.parametrize("path", ["/login/", "/logout/", "/password/"])
def test_no_form_is_sent_by_another_page(as_ada: httpx.Client, path: str) -> None:
    for headers in ({}, {"Origin": EVIL}):
        answer = as_ada.post(path, data={"username": "ada", "password": PASSWORD}, headers=headers)
        assert answer.status_code == HTTPStatus.FORBIDDEN

    assert as_ada.get("/").status_code == HTTPStatus.OK, "still logged in"


def console(client: httpx.Client, *, origin: str | None, cookies: bool = True) -> ClientConnection:
    at = urlsplit(str(client.base_url))
    sent = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return open_socket(
        f"ws://{at.netloc}/ws/console/",
        additional_headers={"Cookie": sent} if cookies else None,
        origin=origin,  # type: ignore[arg-type]  # the library's own NewType of str
        open_timeout=ANSWERS_WITHIN_S,
        ping_interval=None,
    )


def test_another_pages_websocket_is_refused(as_ada: httpx.Client, web: WebServer) -> None:
    host = urlsplit(web.origin).netloc
    for said in (EVIL, f"{EVIL}:443", "null", "http://127.0.0.1:1", f"http://{host}@evil.example.org", None):
        with pytest.raises(InvalidStatus) as refused:
            console(as_ada, origin=said)
        assert refused.value.response.status_code == HTTPStatus.FORBIDDEN, said


def test_a_websocket_without_a_log_in_is_told_nothing(as_ada: httpx.Client, origin: str) -> None:
    with console(as_ada, origin=origin, cookies=False) as stranger, pytest.raises(ConnectionClosed) as closed:
        stranger.recv(timeout=ANSWERS_WITHIN_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def ended_with(socket_: Connection) -> int:
    """The code it is closed with; whatever else it says meanwhile is read."""
    try:
        while True:
            socket_.recv(timeout=ENDS_WITHIN_S)
    except ConnectionClosed as closed:
        return -1 if closed.rcvd is None else int(closed.rcvd.code)


def test_an_open_websocket_ends_with_the_log_out(as_ada: httpx.Client, origin: str) -> None:
    with console(as_ada, origin=origin) as live:
        assert "market_halts" in str(live.recv(timeout=ANSWERS_WITHIN_S)), "it is told things"
        form = {"csrfmiddlewaretoken": cookie_of(as_ada, "csrf")}
        assert as_ada.post("/logout/", data=form).status_code == HTTPStatus.FOUND

        assert ended_with(live) == 4401


def test_an_open_websocket_ends_with_the_account(as_ada: httpx.Client, origin: str, ada: User) -> None:
    with console(as_ada, origin=origin) as live:
        assert "market_halts" in str(live.recv(timeout=ANSWERS_WITHIN_S)), "it is told things"
        User.objects.filter(pk=ada.pk).update(is_active=False)

        assert ended_with(live) == 4401


def test_a_planted_session_is_not_the_one_that_is_logged_in(browser: Browser, origin: str, ada: User) -> None:
    name = f"polyloly_session_{urlsplit(origin).port}"
    planted = "plantedplantedplantedplantedplan"
    victim, attacker = browser(), browser()
    for client in (victim, attacker):
        client.cookies.set(name, planted, domain="127.0.0.1", path="/")

    log_in(victim, "ada", PASSWORD)

    assert victim.get("/").status_code == HTTPStatus.OK
    assert planted not in {each.value for each in victim.cookies.jar if each.name == name}
    assert attacker.get("/").status_code == HTTPStatus.FOUND
    assert not Session.objects.filter(session_key=planted).exists()


@pytest.mark.parametrize("by_link", [False, True])
def test_a_session_that_was_there_before_dies_at_the_log_in(
    browser: Browser, ada: User, by_link: bool
) -> None:
    """An attacker logs the victim's browser in as himself first: his session must not become hers."""
    mallory = User.objects.create_user("mallory", password=PASSWORD)
    attacker = browser()
    log_in(attacker, "mallory", PASSWORD)
    before = cookie_of(attacker, "session")
    victim = browser()
    victim.cookies = httpx.Cookies(attacker.cookies)

    path = f"/login/once/{onetime.issue(ada.pk)}/" if by_link else "/login/"
    if by_link:
        victim.post(path, data={"csrfmiddlewaretoken": form_token(victim, path)})
    else:
        victim.post("/logout/", data={"csrfmiddlewaretoken": cookie_of(victim, "csrf")})
        log_in(victim, "ada", PASSWORD)

    assert victim.get("/").status_code == HTTPStatus.OK
    assert cookie_of(victim, "session") != before
    assert attacker.get("/").status_code == HTTPStatus.FOUND, "logged out, not somebody else"
    assert mallory.pk != ada.pk


def test_a_session_is_dead_after_the_log_out(as_ada: httpx.Client, browser: Browser) -> None:
    stolen = browser()
    stolen.cookies = httpx.Cookies(as_ada.cookies)

    as_ada.post("/logout/", data={"csrfmiddlewaretoken": cookie_of(as_ada, "csrf")})

    assert stolen.get("/").status_code == HTTPStatus.FOUND
    assert stolen.get("/api/v1/control").status_code == HTTPStatus.UNAUTHORIZED


def test_many_guesses_at_once_are_bounded(browser: Browser, origin: str, ada: User) -> None:
    tries = settings.POLYLOLY.log_in.tries_person
    client = browser()
    form = {"username": "ada", "csrfmiddlewaretoken": form_token(client, "/login/")}
    cookies = dict(client.cookies)

    def guess(number: int) -> int:
        answer = httpx.post(
            f"{origin}/login/",
            data=form | {"password": f"guess {number}"},
            cookies=cookies,
            timeout=ANSWERS_WITHIN_S,
        )
        return answer.status_code

    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(guess, range(tries * 2)))

    assert seen.count(HTTPStatus.OK) < tries
    assert set(seen) == {HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS}
    assert log_in(client, "ada", PASSWORD).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert Lockout.objects.get(kind="person").subject == "ada"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "::1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Forwarded": 'for="[::ffff:127.0.0.1]"'},
        {"X-Real-IP": "127.0.0.1"},
        {"x-forwarded-proto": "http"},
        {"Via": "1.1 localhost"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
        {"Referer": EVIL},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_was_passed_on_is_not_this_machine(origin: str, person: User, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{origin}/admin/halt", headers=headers, timeout=ANSWERS_WITHIN_S)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert not Halt.objects.exists()


@pytest.mark.parametrize(
    "host", ["evil.example.org", "127.0.0.1.evil.example.org", "127.0.0.1@evil.example.org"]
)
def test_a_name_that_is_not_ours_is_refused(origin: str, person: User, host: str) -> None:
    """A page whose name was pointed at this machine afterwards: its requests are of the same origin, but not ours."""
    answer = httpx.post(f"{origin}/admin/halt", headers={"Host": host}, timeout=ANSWERS_WITHIN_S)

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert not Halt.objects.exists()


def test_this_machine_itself_halts(origin: str, person: User) -> None:
    """So that the refusals above mean something."""
    assert httpx.post(f"{origin}/admin/halt", timeout=ANSWERS_WITHIN_S).status_code == HTTPStatus.OK
    assert Audit.objects.get(what="halt").who == "this machine"


@pytest.mark.parametrize(
    "wanted",
    [
        EVIL,
        "//evil.example.org",
        r"/\evil.example.org",
        r"\\evil.example.org",
        "///evil.example.org",
        "http:///evil.example.org",
        "/\t/evil.example.org",
        "javascript:alert(1)",
        "https:evil.example.org",
        "//127.0.0.1@evil.example.org",
    ],
)
def test_nobody_is_sent_elsewhere_after_the_log_in(browser: Browser, ada: User, wanted: str) -> None:
    client = browser()

    to = [
        log_in(client, "ada", PASSWORD, next=wanted),
        client.get("/login/", params={"next": wanted}),
        client.get("/admin/login/", params={"next": wanted}),
        client.post(
            "/logout/", params={"next": wanted}, data={"csrfmiddlewaretoken": cookie_of(client, "csrf")}
        ),
    ]

    places = [urlsplit(answer.headers.get("Location", "/")) for answer in to]
    assert {(place.scheme, place.netloc) for place in places} == {("", "")}
    assert to[0].headers["Location"] == "/"


@pytest.mark.parametrize(
    "path", ["/", "/login/", "/risk/", "/people/", "/api/docs", "/nowhere", "/health/live", "/api/v1/control"]
)
def test_no_page_is_framed_or_runs_what_is_not_ours(as_ada: httpx.Client, path: str) -> None:
    answer = as_ada.get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy


def test_cookies_are_out_of_a_scripts_reach(browser: Browser, origin: str, ada: User) -> None:
    answer = log_in(browser(), "ada", PASSWORD)

    kept = {line.split("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    port = urlsplit(origin).port
    for name in (
        f"polyloly_session_{port}",
        f"polyloly_session_{port}_known",
        f"polyloly_session_{port}_halt",
    ):
        assert "httponly" in kept[name]
        assert "samesite=lax" in kept[name]


NONSENSE = (
    "GET /%ff%fe/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "GET /markets/%00/ HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "GET /login/?next=%00 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "POST /admin/halt HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    "POST /admin/halt HTTP/1.1\r\nHost: {host}\r\nVia: a\r\nContent-Length: 3\r\n\r\n{{{{{{",
    "POST /login/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data\r\nContent-Length: 2\r\n\r\nxx",
    "GET / HTTP/1.1\r\nHost: {host}\r\nCookie: polyloly_session_{port}=%00; polyloly_session_{port}_known=x:y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: {host}{{}}\r\n\r\n",
    "TRACE / HTTP/1.1\r\nHost: {host}\r\n\r\n",
)


@pytest.mark.parametrize("request_text", NONSENSE)
def test_nonsense_is_refused_and_told_nothing(origin: str, person: User, request_text: str) -> None:
    at = urlsplit(origin)
    sent = request_text.format(host=at.netloc, port=at.port).encode("latin-1")
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=ANSWERS_WITHIN_S) as raw:
        raw.sendall(sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        answer = b"".join(iter(lambda: raw.recv(65_536), b"")).decode(errors="replace")

    status = int(answer.split(" ")[1])
    assert 200 <= status < 500, answer[:300]
    for secret in ("Traceback", "SECRET_KEY", "/work/", "site-packages", "sqlite3", "DJANGO_SETTINGS"):
        assert secret not in answer


def test_a_wrong_token_is_not_repeated(origin: str, person: User, redis: Redis) -> None:
    answer = httpx.get(
        f"{origin}/api/v1/control",
        headers={"Authorization": "Bearer pl_something-secret"},
        timeout=ANSWERS_WITHIN_S,
    )

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert "something-secret" not in answer.text
