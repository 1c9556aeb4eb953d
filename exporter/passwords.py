"""Passwords against bcrypt hashes, off the event loop, without telling by the time it takes who has one."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections import Counter, OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

#: bcrypt takes twice as long for each: 18 are seconds.
MAX_COST = 18

#: Passwords that are known to be right; each Prometheus has one.
_KNOWN = 100
#: Checks that may wait for their turn, of all and of one client.
_WAITING = 64
_WAITING_OF_ONE = 8

_HASH = re.compile(r"\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}")

#: bcrypt looks at no more of a password.
_LONGEST = 72


class BusyError(Exception):
    """Too many passwords wait to be checked."""


def problem_of(hashed: str) -> str:
    """What is wrong with a hash, without showing it; empty if nothing is."""
    parsed = _HASH.fullmatch(hashed)
    if not parsed:
        return "not a bcrypt hash; `htpasswd -nBC 10 \"\" | tr -d ':\\n'` makes one"
    if not 4 <= int(parsed[1]) <= MAX_COST:
        return f"the cost of the hash must be from 4 to {MAX_COST}"
    return ""


class Passwords:
    """Checks passwords one at a time in a thread, and remembers those that were right by a keyed digest."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "bcrypt")
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._checks: dict[bytes, asyncio.Task[bool]] = {}
        self._waiting: Counter[str] = Counter()

    async def right(self, users: Mapping[str, str], user: str, password: bytes, client: str) -> bool:
        """Whether this is the user's password. `users` are hashes by name, at least one; `client` is who asks.

        An unknown user's check takes as long as that of some known user, always the same, so that neither the time
        nor its spread tells them apart. Raises BusyError.
        """
        hashed = users.get(user)
        digest = self._digest(user.encode("utf-8", "surrogateescape"), (hashed or "").encode(), password)
        if digest in self._right:
            self._right.move_to_end(digest)
            return True
        check = self._checks.get(digest)
        if check is None:
            against = hashed if hashed is not None else self._decoy(users, user)
            check = self._begin(digest, against, password, client)
        if not await asyncio.shield(check) or hashed is None:
            return False
        self._remember(digest)
        return True

    def close(self) -> None:
        """Check nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _begin(self, digest: bytes, hashed: str, password: bytes, client: str) -> asyncio.Task[bool]:
        if len(self._checks) >= _WAITING or self._waiting[client] >= _WAITING_OF_ONE:
            raise BusyError
        check = self._checks[digest] = asyncio.create_task(self._check(hashed, password))
        self._waiting[client] += 1
        check.add_done_callback(lambda _: self._end(digest, client))
        return check

    def _end(self, digest: bytes, client: str) -> None:
        del self._checks[digest]
        self._waiting -= Counter([client])

    async def _check(self, hashed: str, password: bytes) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _matches, hashed, password)

    def _remember(self, digest: bytes) -> None:
        self._right[digest] = None
        while len(self._right) > _KNOWN:
            self._right.popitem(last=False)

    def _decoy(self, users: Mapping[str, str], user: str) -> str:
        """The hash of a known user, chosen by the unknown one's name."""
        number = int.from_bytes(self._digest(user.encode("utf-8", "surrogateescape")))
        return list(users.values())[number % len(users)]

    def _digest(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        for part in parts:
            digest.update(len(part).to_bytes(8) + part)
        return digest.digest()


def _matches(hashed: str, password: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_LONGEST], hashed.encode())
    except ValueError:
        return False
