"""Spans for OpenTelemetry: one for each scrape, and in it one for each request to BlueKing.

Only where OpenTelemetry's usual variables ask for them, and the extra `otel` is installed; nothing of it is imported
otherwise. No header and no text of an error gets into a span: both may hold secrets.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

import httpx

from exporter.logs import fields

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

log = logging.getLogger(__name__)

SERVICE = "bk-task-exporter"
INSTALL = "pip install 'bk-task-exporter[otel]'"

_HEADERS = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Tracing(Protocol):
    """What is traced. Spans follow the task that is running, so that requests lie in their scrape."""

    def scrape(self) -> AbstractContextManager[object]:
        """The span of one scrape."""
        ...

    def transport(self, wire: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The same transport, with a span for each request."""
        ...

    def close(self) -> None:
        """Send what is left; it may wait for the network."""
        ...


class Untraced:
    """No spans at all."""

    def scrape(self) -> AbstractContextManager[object]:
        """Nothing."""
        return nullcontext()

    def transport(self, wire: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The transport as it is."""
        return wire

    def close(self) -> None:
        """There is nothing to send."""


UNTRACED = Untraced()


def wanted(environ: Mapping[str, str]) -> str:
    """The exporter of spans that the environment asks for: `otlp` or `console`; empty for none."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ""
    asked = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if not asked:
        return "otlp" if any(environ.get(name) for name in _ENDPOINTS) else ""
    return "" if asked == "none" else asked


def set_up(environ: MutableMapping[str, str], *, version: str) -> Tracing:
    """Tracing as the environment asks for it; what cannot be had is said in the log, and costs no scrape."""
    name = wanted(environ)
    if not name:
        return UNTRACED
    if name not in _EXPORTERS:
        log.warning("no traces: unknown exporter", extra=fields(OTEL_TRACES_EXPORTER=name, known="otlp, console, none"))
        return UNTRACED
    environ.pop(_HEADERS, None)  # they hold our credentials
    try:
        return traced(_EXPORTERS[name](), environ, version=version)
    except ImportError:
        log.warning("no traces: OpenTelemetry is not installed", extra=fields(cure=INSTALL))
        return UNTRACED


def traced(exporter: SpanExporter, environ: Mapping[str, str], *, version: str) -> Tracing:
    """Tracing into this exporter; raises ImportError where OpenTelemetry is not installed."""
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource  # noqa: PLC0415 (optional)
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 (optional)
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 (optional)

    said = {SERVICE_VERSION: version}
    if not environ.get("OTEL_SERVICE_NAME"):
        said[SERVICE_NAME] = SERVICE
    provider = TracerProvider(resource=Resource.create(said), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return _Traced(provider)


class _Traced:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE)

    def scrape(self) -> AbstractContextManager[object]:
        return self._tracer.start_as_current_span("scrape", record_exception=False, set_status_on_exception=False)

    def transport(self, wire: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return _Wire(wire, self._provider)

    def close(self) -> None:
        self._provider.shutdown()


class _HiddenError(Exception):
    """An error of the wire, whose text may hold what no span may show."""

    def __init__(self, error: httpx.TransportError) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class _Hiding(httpx.AsyncBaseTransport):
    """Inside the span: errors without their text."""

    def __init__(self, wire: httpx.AsyncBaseTransport) -> None:
        self._wire = wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._wire.handle_async_request(request)
        except httpx.TransportError as error:
            raise _HiddenError(error) from None


class _Wire(httpx.AsyncBaseTransport):
    """Around the span: the errors as they were."""

    def __init__(self, wire: httpx.AsyncBaseTransport, provider: TracerProvider) -> None:
        from opentelemetry.instrumentation.httpx import AsyncOpenTelemetryTransport  # noqa: PLC0415 (optional)

        self._wire = wire
        self._spans = AsyncOpenTelemetryTransport(_Hiding(wire), tracer_provider=provider)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._spans.handle_async_request(request)
        except _HiddenError as hidden:
            raise hidden.error from hidden.error.__cause__

    async def aclose(self) -> None:
        await self._wire.aclose()


def _otlp() -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 (optional)

    return OTLPSpanExporter()


def _console() -> SpanExporter:
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415 (optional)

    return ConsoleSpanExporter()


_EXPORTERS: Mapping[str, Callable[[], SpanExporter]] = {"otlp": _otlp, "console": _console}
