"""The wire: aiohttp's client behind httpx's transport interface.

httpx's own pool searches all its connections at each request, so that its cost grows with the square of the
concurrency; measured at 64 requests at once, a page of 1,000 tasks took ten times as long as with this transport.
Requests, responses and errors stay httpx's; so do the transports that tests put in this one's place.
"""

from __future__ import annotations

import functools
import os
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import aiohttp
    import yarl

#: Idle connections outlive the usual scrape intervals; BlueKing's own gateways close them when they like.
KEEPALIVE_SECONDS = 120.0


class AiohttpTransport(httpx.AsyncBaseTransport):
    """One pool of kept-alive connections to one system. No cookies, no redirects, no proxies from the environment."""

    def __init__(
        self, *, max_connections: int, tls: ssl.SSLContext | None = None, proxy_url: str | None = None
    ) -> None:
        self._max_connections = max_connections
        self._tls = tls
        self._proxy_url = proxy_url
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        """The session needs the running loop, so it is made at the first request."""
        import aiohttp  # noqa: PLC0415 (a third of the time to start, which no door but a scrape needs)

        from exporter.keepalive import Connector  # noqa: PLC0415 (it needs aiohttp)

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=Connector(
                    limit=self._max_connections,
                    keepalive_timeout=KEEPALIVE_SECONDS,
                    ssl=self._tls if self._tls is not None else True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,  # exporter.unpack does it, in bounded steps
                middlewares=(_once,),
            )
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the response's body is read from the wire as the caller reads it."""
        with _errors():
            answer = await self._open().request(
                request.method,
                _address(str(request.url)),
                headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=request.read() or None,
                allow_redirects=False,
                proxy=self._proxy_url,
            )
        return httpx.Response(
            status_code=answer.status, headers=answer.raw_headers, stream=_Body(answer), request=request
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


@functools.lru_cache(maxsize=1 << 13)
def _address(url: str) -> yarl.URL:
    """The form of aiohttp's of what httpx has checked, made once for each task."""
    import yarl  # noqa: PLC0415 (see _open)

    return yarl.URL(url, encoded=True)


class _Body(httpx.AsyncByteStream):
    """The body as it comes in. A connection whose body was not read to its end is never used again."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for chunk in self._answer.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()


#: What is written in vain over TLS 1.3 may be so for want of a certificate: the server says it after the handshake.
_UNREAD = (
    "the server closed the connection before it had the whole request, as one does that wants a client certificate"
)

#: Where OpenSSL's binding noticed an error; it helps nobody.
_NOTICED = re.compile(r" \(_ssl\.c:\d+\)")


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp would repeat a GET on its own, uncounted and past the rate that is allowed."""
    with _errors():
        return await send(request)


@contextmanager
def _errors() -> Iterator[None]:
    """Errors of the wire, in httpx's words; what TLS said stays their cause.

    A connection that fails is a ConnectError or a ReadError, an answer that is no HTTP a RemoteProtocolError.
    """
    import aiohttp  # noqa: PLC0415 (see _open)

    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise httpx.ConnectError(_NOTICED.sub("", str(error.certificate_error))) from error.certificate_error
    except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError) as error:
        raise httpx.ProxyError(str(error)) from error
    except aiohttp.ClientConnectorError as error:  # DNS too
        raise httpx.ConnectError(_refusal(error)) from error.os_error
    except aiohttp.ServerDisconnectedError as error:
        raise httpx.ReadError("the server closed the connection without an answer") from error
    except aiohttp.ClientPayloadError as error:
        raise httpx.ReadError("the server closed the connection in the middle of its answer") from error
    except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
        raise httpx.RemoteProtocolError(f"the answer is no HTTP: {_first_line(error)}") from error
    except aiohttp.ClientOSError as error:
        unread = isinstance(error.__cause__, aiohttp.ClientConnectionResetError)
        raise httpx.ReadError(_UNREAD if unread else _NOTICED.sub("", error.strerror or str(error))) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error) or type(error).__name__) from error


def _refusal(error: aiohttp.ClientConnectorError) -> str:
    """Why there is no connection, in the operating system's own words, which asyncio hides.

    The resolver's numbers are not among its errors, and neither are OpenSSL's.
    """
    cause = error.os_error
    number = 0 if isinstance(cause, ssl.SSLError) else cause.errno or 0
    said = os.strerror(number) if number > 0 else cause.strerror or str(cause)
    why = _NOTICED.sub("", said) or "closed during the TLS handshake"  # the only time when nobody says why
    return f"cannot connect to {error.host}:{error.port}: {why}"


def _first_line(error: Exception) -> str:
    """What aiohttp's parser says, without the bytes that it shows below."""
    said = getattr(error, "message", "") or str(error)
    return str(said).partition("\n")[0].partition(": b'")[0].rstrip(":")
