"""Which of several exporters serves a task: a stable hash of its identity, so that nobody needs to be asked.

The hash is jump consistent hashing (Lamping and Veach, 2014) over BLAKE2b: the same for every version, process and
machine. When a shard is added, tasks move to the new one only, 1/n of them; when the last one is removed, only its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from exporter.errors import UserError
from exporter.model import Identity

_WRITTEN = re.compile(r"(?P<ordinal>auto|\d{1,9})/(?P<shards>\d{1,9})", re.ASCII)
_POD = re.compile(r".+-(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """One exporter's part of all tasks. `ordinal` counts from 0."""

    ordinal: int = 0
    shards: int = 1

    @classmethod
    def parse(cls, text: str, *, hostname: str | None) -> Shard:
        """`2/8`, or `auto/8` in a pod of a StatefulSet, whose `hostname` ends in its number; raises UserError."""
        written = _WRITTEN.fullmatch(text.strip())
        if not written:
            raise UserError(f"shard {text!r}: write ORDINAL/SHARDS, such as 0/8 to 7/8, or auto/8 in a StatefulSet")
        shards = int(written["shards"])
        if not shards:
            raise UserError(f"shard {text!r}: there must be at least one shard, as in 0/1")
        if written["ordinal"] == "auto":
            return cls(_of_pod(text, hostname, shards), shards)
        return cls(_within(int(written["ordinal"]), shards, f"shard {text!r}"), shards)

    def serves(self, identity: Identity) -> bool:
        """Whether the task is on this shard; it is on exactly one."""
        return self.shards == 1 or bucket(_key(identity), self.shards) == self.ordinal

    def __str__(self) -> str:
        return f"{self.ordinal}/{self.shards}"


#: All tasks.
WHOLE = Shard()


def _of_pod(text: str, hostname: str | None, shards: int) -> int:
    pod = _POD.fullmatch(hostname or "")
    if not pod:
        said = f"HOSTNAME is {hostname!r}" if hostname else "HOSTNAME is not set"
        raise UserError(
            f"shard {text!r}: {said}, and only the name of a StatefulSet's pod tells its number; write it: 0/{shards}"
        )
    return _within(int(pod[1]), shards, f"shard {text!r} in pod {hostname}")


def _within(ordinal: int, shards: int, where: str) -> int:
    if ordinal >= shards:
        raise UserError(
            f"{where}: ordinal {ordinal} is too high, {shards} shards count from 0 to {shards - 1}; "
            "every exporter must be told the same number of shards, and there are as many of them"
        )
    return ordinal


def _key(identity: Identity) -> int:
    words = (identity.system, identity.bk_biz_id, identity.scope, identity.task_id)
    return int.from_bytes(blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def bucket(key: int, buckets: int) -> int:
    """The bucket of a 64-bit key, below `buckets` (at least 1); each holds about the same share of all keys."""
    chosen, following = 0, 0
    while following < buckets:
        chosen = following
        key = (key * 2862933555777941757 + 1) & 0xFFFF_FFFF_FFFF_FFFF
        following = int((chosen + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return chosen
