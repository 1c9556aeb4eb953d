"""Passwords against bcrypt hashes, off the event loop, without telling by the time it takes who has one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from exporter.turns import Lanes, Turns, neighbourhood

#: bcrypt takes twice as long for each: 18 are seconds.
MAX_COST = 18

#: Passwords that are known to be right, as each Prometheus has one, and to be wrong.
_RIGHT = 100
_WRONG = 1000

#: Checks at once: a second one where cores are left, so that a costly hash does not hold up all others.
_AT_ONCE = 2 if (os.cpu_count() or 1) >= 4 else 1

_DIGITS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#: Cost, salt, the salt's last digit, of which two bits count, and the hash, of whose last digit four do.
_HASH = re.compile(rf"\$2[a-z]?\$(\d\d)\$([{_DIGITS}]{{21}})([{_DIGITS}])([{_DIGITS}]{{30}}[{_DIGITS[::4]}])", re.ASCII)

#: bcrypt looks at no more of a password.
_LONGEST = 72


def problem_of(hashed: str) -> str:
    """What is wrong with a hash, without showing it; empty if nothing is."""
    parsed = _HASH.match(hashed)
    if not parsed:
        return "not a bcrypt hash; `htpasswd -nBC 10 \"\" | tr -d ':\\n'` makes one"
    if not 4 <= int(parsed[1]) <= MAX_COST:
        return f"the cost of the hash must be from 4 to {MAX_COST}"
    return ""


class Passwords:
    """Checks passwords beside the event loop, and remembers by a keyed digest which were right, and lately wrong."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "bcrypt")
        self._turns = Turns(_AT_ONCE)
        self._key = secrets.token_bytes(32)
        self._right = _Memory(_RIGHT)
        self._wrong = _Memory(_WRONG)
        self._checks: dict[bytes, asyncio.Task[bool]] = {}

    async def right(self, users: Mapping[str, str], user: str, password: bytes, client: str) -> bool:
        """Whether this is the user's password. `users` are hashes by name, at least one; `client` is the address.

        An unknown user's check takes as long as that of some known user, always the same, so that neither the time
        nor its spread tells them apart, and waits for its turn like any other. Raises BusyError.
        """
        hashed, name = users.get(user), user.encode("utf-8", "surrogateescape")
        digest = self._digest(name, (hashed or "").encode(), password)
        if digest in self._right:
            return True
        if digest in self._wrong:
            return False
        check = self._checks.get(digest)
        if check is None:
            against = hashed if hashed is not None else self._decoy(users, name)
            address = neighbourhood(client).encode()
            lanes = (self._digest(address), self._digest(address, name))
            check = self._checks[digest] = asyncio.create_task(self._check(against, password, lanes))
            check.add_done_callback(lambda _: self._checks.pop(digest))
        right = await asyncio.shield(check) and hashed is not None
        (self._right if right else self._wrong).add(digest)
        return right

    def close(self) -> None:
        """Check nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _check(self, hashed: str, password: bytes, lanes: Lanes) -> bool:
        async with self._turns.turn(lanes):
            return await asyncio.get_running_loop().run_in_executor(self._threads, _matches, hashed, password)

    def _decoy(self, users: Mapping[str, str], name: bytes) -> str:
        """The hash of a known user, chosen by the unknown one's name."""
        return list(users.values())[int.from_bytes(self._digest(name)) % len(users)]

    def _digest(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        for part in parts:
            digest.update(len(part).to_bytes(8) + part)
        return digest.digest()


class _Memory:
    """Digests, as many as there is place for: that of which was asked longest ago goes first."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, digest: bytes) -> bool:
        known = digest in self._digests
        if known:
            self._digests.move_to_end(digest)
        return known

    def add(self, digest: bytes) -> None:
        self._digests[digest] = None
        while len(self._digests) > self._places:
            self._digests.popitem(last=False)


def _matches(hashed: str, password: bytes) -> bool:
    """Whether bcrypt makes this hash of the password; read as leniently as Go does, whatever follows it too."""
    parsed = _HASH.match(hashed)
    if parsed is None:
        return False
    cost, salt, last, rest = parsed.groups()
    return bcrypt.checkpw(password[:_LONGEST], f"$2b${cost}${salt}{_DIGITS[_DIGITS.index(last) & 0o60]}{rest}".encode())
