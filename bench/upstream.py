"""A bk-sops that answers as fast as Python can, so that it is the client that is measured: `python -m bench.upstream`.

Answers are made once, at the start. Paths are those of the API gateway; `/count` tells how many requests there were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from typing import cast

import uvloop

START = "2026-11-22 08:00:00 +0800"
FINISH = "2026-11-22 08:10:00 +0800"


def tree(task_id: int, nodes: int, *, final: bool) -> dict[str, object]:
    """One task of so many nodes, each with the keys that bk-sops sends (about 450 bytes)."""
    root_id = f"n{task_id:031x}"
    children = {}
    for number in range(nodes):
        node_id = f"n{task_id:015x}{number:016x}"
        done = final or number < nodes - 1
        children[node_id] = {
            "id": node_id,
            "state": "FINISHED" if done else "RUNNING",
            "root_id:": root_id,
            "parent_id": root_id,
            "version": f"v{number:031x}",
            "loop": 1,
            "retry": 0,
            "skip": False,
            "error_ignorable": False,
            "error_ignored": False,
            "children": {},
            "elapsed_time": 60,
            "start_time": START,
            "finish_time": FINISH if done else None,
            "name": f"step {number} of the task",
        }
    return {
        "id": root_id,
        "state": "FINISHED" if final else "RUNNING",
        "name": f"task {task_id}",
        "children": children,
        "loop": 1,
        "retry": 0,
        "skip": False,
        "elapsed_time": 600,
        "start_time": START,
        "finish_time": FINISH if final else None,
    }


def response(body: bytes, status: bytes = b"200 OK") -> bytes:
    """One HTTP answer."""
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return head + body


class World:
    """All answers, made beforehand, and the count of requests."""

    def __init__(self, tasks: int, nodes: int, final: int, *, bulk: bool) -> None:
        trees = [json.dumps(tree(i, nodes, final=i <= final)).encode() for i in range(1, tasks + 1)]
        self.singles = [response(b'{"result": true, "code": 0, "message": "", "data": %b}' % data) for data in trees]
        self.items = [
            b'{"id": %d, "name": "task %d", "is_deleted": false, "url": "", "status": %b}' % (i, i, data)
            for i, data in enumerate(trees, 1)
        ]
        self.bulk = bulk
        self.requests = 0

    def answer(self, head: bytes, body: bytes) -> bytes:
        """The answer to one request."""
        if head.startswith(b"GET /count"):
            return response(str(self.requests).encode())
        self.requests += 1
        if single := re.match(rb"GET /get_task_status/(\d+)/", head):
            return self.singles[int(single[1]) - 1]
        if self.bulk:
            items = [self.items[task_id - 1] for task_id in json.loads(body)["task_id_list"]]
            return response(b'{"result": true, "code": 0, "data": [%b]}' % b",".join(items))
        return response(b'{"result": false, "code": 1640401, "message": "API not found"}', b"404 Not Found")


class Protocol(asyncio.Protocol):
    """Just enough HTTP/1.1 for clients that send one request after another."""

    def __init__(self, world: World, latency: float) -> None:
        self._world = world
        self._latency = latency
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's classes

    def data_received(self, data: bytes) -> None:
        """Answer each whole request after the latency."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._buffer = rest[size:]
            asyncio.get_running_loop().call_later(
                0 if head.startswith(b"GET /count") else self._latency, self._send, head, rest[:size]
            )

    def _send(self, head: bytes, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._world.answer(head, body))


async def main(arguments: argparse.Namespace) -> None:
    """Serve until killed."""
    world = World(arguments.tasks, arguments.nodes, arguments.final, bulk=arguments.bulk)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Protocol(world, arguments.latency), "127.0.0.1", arguments.port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--final", type=int, default=0, help="how many of the tasks are finished")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each answer")
    parser.add_argument("--bulk", action=argparse.BooleanOptionalAction, default=False)
    uvloop.run(main(parser.parse_args()))
