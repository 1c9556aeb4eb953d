"""Passwords: right, wrong, unknown, too many at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import bcrypt
import pytest

from exporter import passwords
from exporter.passwords import MAX_COST, Passwords, problem_of
from exporter.turns import BusyError


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


USERS = {"alice": hashed("wonder"), "bob": hashed("builder")}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every check that bcrypt did, by the hash it was against."""
    seen: list[str] = []
    matches = passwords._matches

    def count(against: str, password: bytes) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        seen.append(against)
        return matches(against, password)

    monkeypatch.setattr(passwords, "_matches", count)
    return seen


def run(main: Callable[[Passwords], Awaitable[Any]]) -> Any:
    async def wrapped() -> Any:
        checker = Passwords()
        try:
            return await main(checker)
        finally:
            checker.close()

    return asyncio.run(wrapped())


@pytest.mark.parametrize(
    ("user", "password", "expected"),
    [
        ("alice", b"wonder", True),
        ("alice", b"builder", False),
        ("alice", b"", False),
        ("bob", b"builder", True),
        ("carol", b"wonder", False),
        ("", b"", False),
        ("alice", b"wonder\x00more", False),
        ("\udcff", b"\xff\x00", False),
    ],
)
def test_who_is_let_in(user: str, password: bytes, expected: bool) -> None:
    """Whoever knows the password of the user they name, and nobody else."""
    assert run(lambda checker: checker.right(USERS, user, password, "a")) is expected


def test_a_right_password_is_checked_once(counted: list[str]) -> None:
    """From then on it costs no bcrypt, and never one on the event loop."""

    async def main(checker: Passwords) -> list[bool]:
        return [await checker.right(USERS, "alice", b"wonder", "a") for _ in range(5)]

    assert run(main) == [True] * 5
    assert counted == [USERS["alice"]]


@pytest.mark.parametrize("user", ["alice", "nobody"])
def test_a_wrong_password_is_checked_once_too(counted: list[str], user: str) -> None:
    """Whoever asks with it every few seconds costs nothing more, whether there is such a user or not."""

    async def main(checker: Passwords) -> list[bool]:
        return [await checker.right(USERS, user, b"guess", "a") for _ in range(3)]

    assert run(main) == [False] * 3
    assert len(counted) == 1


def test_an_unknown_user_costs_a_check_too(counted: list[str]) -> None:
    """It is against the hash of a known user, always the same for the same name, and spread over all of them."""

    async def main(checker: Passwords) -> None:
        for number, name in enumerate(("carol", "carol", *map(str, range(40)))):
            assert not await checker.right(USERS, name, b"wonder-%d" % number, "a")

    run(main)
    assert counted[0] == counted[1]
    assert set(counted) == set(USERS.values())
    assert len(counted) == 42


def test_a_known_and_an_unknown_user_take_the_same_time() -> None:
    """No time tells which names exist, whatever the cost of their hashes."""
    users = {"alice": hashed("wonder", 10)}

    async def main(checker: Passwords) -> tuple[float, float]:
        took: dict[str, list[float]] = {"alice": [], "nobody": []}
        for attempt in range(5):  # in turns, as the machine may have other work for a while
            for name, seconds in took.items():
                began = time.perf_counter()
                await checker.right(users, name, f"guess-{attempt}".encode(), "a")
                seconds.append(time.perf_counter() - began)
        return min(took["alice"]), min(took["nobody"])

    known, unknown = run(main)
    assert 0.4 < known / unknown < 2.5


def test_the_same_check_at_the_same_time_is_done_once(counted: list[str]) -> None:
    """Many scrapers with one password cost one bcrypt."""

    async def main(checker: Passwords) -> list[bool]:
        return await asyncio.gather(*(checker.right(USERS, "bob", b"builder", str(n)) for n in range(50)))

    assert run(main) == [True] * 50
    assert len(counted) == 1


def test_a_changed_hash_forgets_the_password_that_was_right() -> None:
    """What is remembered is the password with the hash."""

    async def main(checker: Passwords) -> list[bool]:
        first = await checker.right(USERS, "alice", b"wonder", "a")
        return [first, await checker.right({"alice": hashed("other")}, "alice", b"wonder", "a")]

    assert run(main) == [True, False]


@pytest.mark.parametrize(
    ("guesser", "guessed", "turn"),
    [
        ("127.0.1.{}", "alice", 30),
        ("127.0.1.{}", "bob", 30),
        ("127.0.0.1", "alice", 2),
        ("::ffff:127.0.0.1", "nobody", 2),
    ],
    ids=["many addresses", "many addresses that know the user", "the same address", "the same, written otherwise"],
)
def test_guesses_keep_no_login_out(monkeypatch: pytest.MonkeyPatch, guesser: str, guessed: str, turn: int) -> None:
    """One who comes after very many has a turn before the second of any other, if address or user is another."""
    seen: list[bytes] = []

    def note(_: str, password: bytes) -> bool:
        seen.append(password)
        return password == b"builder"

    monkeypatch.setattr(passwords, "_matches", note)

    async def main(checker: Passwords) -> bool:
        guesses = [checker.right(USERS, guessed, b"%d" % n, guesser.format(n % 30)) for n in range(240)]
        let_in = checker.right(USERS, "bob", b"builder", "127.0.0.1")
        *_, answer = await asyncio.gather(*guesses, let_in, return_exceptions=True)
        return answer is True

    assert run(main)
    assert seen.index(b"builder") <= turn + passwords._AT_ONCE


def test_many_clients_cannot_pile_up_checks() -> None:
    """Whoever is too many is told so, unchecked."""

    async def main(checker: Passwords) -> int:
        guesses = [checker.right(USERS, "alice", b"x", f"client-{n}") for n in range(3)]
        guesses += [checker.right(USERS, "alice", str(n).encode(), f"client-{n}") for n in range(200)]
        return sum(isinstance(a, BusyError) for a in await asyncio.gather(*guesses, return_exceptions=True))

    assert 200 - 64 - 2 <= run(main) <= 200 - 64


@pytest.mark.parametrize("right", [True, False])
def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch, right: bool) -> None:
    """What was used last stays."""
    monkeypatch.setattr(passwords, "_RIGHT", 2)
    monkeypatch.setattr(passwords, "_WRONG", 2)
    seen: list[bytes] = []

    def count(_: str, password: bytes) -> bool:
        seen.append(password)
        return right

    monkeypatch.setattr(passwords, "_matches", count)

    async def main(checker: Passwords) -> None:
        for number in (1, 2, 1, 3, 1, 2):
            assert await checker.right(USERS, "alice", b"%d" % number, "a") is right

    run(main)
    assert seen == [b"1", b"2", b"3", b"2"]


def test_no_password_is_kept() -> None:
    """Only a keyed digest of it, which nobody can guess at elsewhere."""

    async def main(checker: Passwords) -> str:
        for user in ("alice", "bob"):
            await checker.right(USERS, user, b"wonder", "a")
        return repr([vars(part) for part in (checker, checker._right, checker._wrong, checker._turns)])

    assert "wonder" not in run(main)


def test_a_long_password_is_what_bcrypt_makes_of_it() -> None:
    """Bcrypt looks at 72 bytes, and so do the tools that made the hash."""
    users = {"alice": hashed("x" * 72)}
    assert run(lambda checker: checker.right(users, "alice", b"x" * 100, "a")) is True


GOOD = "$2y$04$TOOAwatCYf5HeZaupMaNoO0HU9vYyPR6rfR8PhCSUEzxB0TVvCIQO"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        *(GOOD.replace("2y", version) for version in ("2", "2a", "2b", "2x", "2z")),
        GOOD.replace("NoO", "NoP"),
        GOOD + " ",
        GOOD + "\n",
    ],
)
def test_hashes(text: str) -> None:
    """As htpasswd, Python and Go make them, and whatever else Go takes for one of these: the password is let in."""
    assert problem_of(text) == ""
    assert run(lambda checker: checker.right({"alice": text}, "alice", "wörd".encode(), "a")) is True
    assert run(lambda checker: checker.right({"alice": text}, "alice", b"word", "a")) is False


@pytest.mark.parametrize(
    "text",
    [
        *("", "open sesame", GOOD[:-1], GOOD.replace("2y", "5"), GOOD.replace("2y", "1a"), "$apr1$x$y"),
        *(GOOD.replace("04", "1x"), GOOD.replace("04", "١٠"), GOOD.replace("$04$", "$04")),
        GOOD[:-1] + "X",
    ],
)
def test_what_is_no_hash(text: str) -> None:
    """Also with a last character that no hash ends with: no password has it. It is not shown, but what makes one is."""
    assert problem_of(text).startswith("not a bcrypt hash; `htpasswd")


@pytest.mark.parametrize("cost", ["03", f"{MAX_COST + 1}", "31", "99"])
def test_costs(cost: str) -> None:
    """A check takes neither no time nor minutes."""
    assert problem_of(GOOD.replace("04", cost)) == f"the cost of the hash must be from 4 to {MAX_COST}"


def test_a_hash_that_bcrypt_cannot_read_lets_nobody_in() -> None:
    """... and is no error of ours."""
    assert run(lambda checker: checker.right({"alice": "$2y$10$broken"}, "alice", b"wonder", "a")) is False
