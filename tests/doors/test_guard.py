"""What stands before the doors: rate, headers, passwords."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from exporter import turns
from exporter.doors.guard import Guard, Guarded
from exporter.passwords import Passwords
from exporter.webconfig import WebConfig, load

HASHES = {
    name: bcrypt.hashpw(word, bcrypt.gensalt(4)).decode()
    for name, word in (("alice", b"wonder"), ("张三", b"\xc3\xa9:x"))
}
USERS = "basic_auth_users:\n" + "".join(f'  "{name}": {hashed}\n' for name, hashed in HASHES.items())
HEADERS = 'http_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: "img-src *"}}\n'


async def door(_: Request) -> PlainTextResponse:
    return PlainTextResponse("inside", headers={"Content-Security-Policy": "default-src 'none'"})


INSIDE = Starlette(routes=[Route("/", door), Route("/-/healthy", door)])


def ask(tmp_path: Path, text: str, main: Callable[[httpx.AsyncClient, list[float]], Awaitable[Any]]) -> Any:
    """Run a client's coroutine; the list holds the time that the guard sees."""
    file = tmp_path / "web.yml"
    file.write_text(text, "utf-8")
    config: WebConfig = load(file)

    async def wrapped() -> Any:
        now, checker = [0.0], Passwords()
        app = Guard(INSIDE, lambda: config, checker, lambda: now[0])
        try:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                return await main(client, now)
        finally:
            checker.close()

    return asyncio.run(wrapped())


def basic(user: bytes, password: bytes, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(user + b':' + password).decode()}"}


def test_without_users_everybody_is_let_in(tmp_path: Path) -> None:
    """The headers of the configuration are set, and go before our own."""

    async def main(client: httpx.AsyncClient, _: list[float]) -> httpx.Response:
        return await client.get("/")

    answer = ask(tmp_path, HEADERS, main)
    assert (answer.status_code, answer.text) == (200, "inside")
    assert answer.headers.get_list("content-security-policy") == ["img-src *"]
    assert answer.headers["x-frame-options"] == "deny"


def test_a_header_is_sent_in_the_bytes_of_its_file(tmp_path: Path) -> None:
    """In UTF-8, as Go sends it; an empty one replaces our own too."""
    text = HEADERS.replace("deny", "sameorigin").replace('"img-src *"', "例, X-XSS-Protection: ")

    async def main(client: httpx.AsyncClient, _: list[float]) -> list[tuple[bytes, bytes]]:
        return (await client.get("/")).headers.raw

    sent = dict(ask(tmp_path, text, main))
    assert sent[b"content-security-policy"] == "例".encode()
    assert sent[b"x-xss-protection"] == b""


def test_with_users_every_door_wants_a_password(tmp_path: Path) -> None:
    """The healthy one too, as in exporter-toolkit; the refusal has the configured headers."""

    async def main(client: httpx.AsyncClient, _: list[float]) -> list[httpx.Response]:
        return [await client.get(path) for path in ("/", "/-/healthy", "/nowhere")]

    for answer in ask(tmp_path, USERS + HEADERS, main):
        assert (answer.status_code, answer.text) == (401, "Unauthorized\n")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert answer.headers["x-frame-options"] == "deny"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (basic(b"alice", b"wonder"), 200),
        (basic(b"alice", b"wonder", "bAsIc"), 200),
        (basic("张三".encode(), b"\xc3\xa9:x"), 200),
        (basic(b"alice", b"Wonder"), 401),
        (basic(b"Alice", b"wonder"), 401),
        (basic(b"", b""), 401),
        (basic(b"\xff", b"\xff"), 401),
        (basic(b"alice", b"wonder", "Bearer"), 401),
        ({"Authorization": "Basic"}, 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Basic " + base64.b64encode(b"alice").decode()}, 401),
        ({"Authorization": "Basic " + "QUFB" * 5000}, 401),
        ({"Authorization": HASHES["alice"]}, 401),
    ],
)
def test_credentials(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    """Right ones are let in; nothing that a client sends is an error of ours."""

    async def main(client: httpx.AsyncClient, _: list[float]) -> int:
        return (await client.get("/", headers=headers)).status_code

    assert ask(tmp_path, USERS, main) == status


def test_too_many_guesses_are_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 says when to come back."""
    monkeypatch.setattr(turns, "_WAITING", 0)

    async def main(client: httpx.AsyncClient, _: list[float]) -> list[httpx.Response]:
        guesses = (client.get("/", headers=basic(b"alice", b"guess-%d" % number)) for number in range(9))
        return await asyncio.gather(*guesses)

    *_, answer = ask(tmp_path, USERS, main)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_the_rate_is_that_of_the_file(tmp_path: Path) -> None:
    """So many at once, then one for each interval; a clock that steps back gives nothing."""

    async def main(client: httpx.AsyncClient, now: list[float]) -> list[int]:
        statuses = []
        for moment in (0, 0, 0, 0, 1, 2, 2, 1, 2.5, 4, 100, 100, 100, 100):
            now[0] = moment
            statuses.append((await client.get("/")).status_code)
        return statuses

    statuses = ask(tmp_path, "rate_limit: {interval: 2s, burst: 3}\n", main)
    assert statuses == [200, 200, 200, 429, 429, 200, 429, 429, 429, 200, 200, 200, 200, 429]


def test_the_whole_entrance_follows_its_file(tmp_path: Path) -> None:
    """A user who is taken out is out with the next request."""
    file = tmp_path / "web.yml"
    file.write_text(USERS, "utf-8")

    async def main() -> list[int]:
        entrance = Guarded(file)
        assert entrance.security() is None
        entrance.check()
        transport = httpx.ASGITransport(entrance.guard(INSIDE))
        statuses = []
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for text in (USERS, USERS.replace("alice", "alicia"), ""):
                file.write_text(text, "utf-8")
                statuses.append((await client.get("/", headers=basic(b"alice", b"wonder"))).status_code)
        entrance.close()
        return statuses

    assert asyncio.run(main()) == [200, 401, 200]


def test_what_is_no_request_passes(tmp_path: Path) -> None:
    """The guard minds HTTP only."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def main() -> None:
        config = load(Path(__file__).parent.parent / "fixtures/webconfig/accepted/empty.yml")
        checker = Passwords()
        await Guard(app, lambda: config, checker)({"type": "lifespan", "headers": []}, None, None)  # type: ignore[arg-type]
        checker.close()

    asyncio.run(main())
    assert seen == ["lifespan"]
