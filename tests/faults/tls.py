"""The other side of TLS, as it should not be."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import trustme

from tests.faults.acts import Do
from tests.faults.stage import Stage

MakeContext = Callable[[Stage], ssl.SSLContext | None]


def served_with(make: MakeContext, system: str = "gsekit") -> Do:
    """A system's server shows another side of TLS; None for no TLS at all."""

    @contextmanager
    def do(stage: Stage) -> Iterator[None]:
        usual = stage.links[system].tls
        _exchange(stage, system, make(stage))
        yield
        _exchange(stage, system, usual)

    return do


def _exchange(stage: Stage, system: str, context: ssl.SSLContext | None) -> None:
    link = stage.links[system]
    stage.run(link.cut())
    link.tls = context
    stage.run(link.listen())


def refused_with(make: Callable[[Stage], ssl.SSLContext]) -> Do:
    """A server that refuses every handshake of gsekit, and says so as OpenSSL does; asyncio's says nothing."""

    @contextmanager
    def do(stage: Stage) -> Iterator[None]:
        link, context = stage.links["gsekit"], make(stage)
        stage.run(link.cut())
        with socket.create_server(("127.0.0.1", link.port)) as listener:
            refusing = threading.Thread(target=_refuse, args=(listener, context))
            refusing.start()
            try:
                yield
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                refusing.join()
        stage.run(link.listen())

    return do


def _refuse(listener: socket.socket, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            client.settimeout(2)
            with client, contextlib.suppress(OSError):
                _fail_handshake(client, context)


def _fail_handshake(client: socket.socket, context: ssl.SSLContext) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_side=True)
    refused = False
    while not refused:
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            refused = True
        client.sendall(outgoing.read())
        if not refused and (data := client.recv(1 << 16)):
            incoming.write(data)
    client.shutdown(socket.SHUT_WR)
    while client.recv(1 << 16):  # closing with something unread would reset, and lose the alert
        pass


def expired(stage: Stage) -> ssl.SSLContext:
    now = datetime.now(UTC)
    return stage.server_context(not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))


def for_another_host(stage: Stage) -> ssl.SSLContext:
    return stage.server_context("other.example.com")


def of_a_stranger(stage: Stage) -> ssl.SSLContext:
    return stage.server_context(authority=trustme.CA())


def outdated(stage: Stage) -> ssl.SSLContext:
    context = stage.server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it is what the test is about
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def wanting_a_certificate(version: ssl.TLSVersion) -> Callable[[Stage], ssl.SSLContext]:
    def make(stage: Stage) -> ssl.SSLContext:
        context = stage.server_context()
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = context.maximum_version = version
        stage.authority.configure_trust(context)
        return context

    return make
