"""Spans for OpenTelemetry."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from exporter.config import loads
from exporter.live import Live
from exporter.telemetry import Telemetry
from exporter.tracing import UNTRACED, set_up, traced, wanted
from tests.support import SECRET, BlueKing, sops_site, tree

CONFIG = f"""\
bkapi: {{auth: {{bk_app_code: app, bk_app_secret: {SECRET}}}}}
systems: {{sops: {{url: "http://sops.test"}}}}
tasks: [{{system: sops, bk_biz_id: 2, task_id: 1}}, {{system: sops, bk_biz_id: 3, task_id: 1}}]
"""
CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST"


def spans(site: Callable[[], BlueKing], environ: dict[str, str] | None = None) -> list[ReadableSpan]:
    """What one scrape leaves behind."""
    exporter = InMemorySpanExporter()
    tracing = traced(exporter, environ or {}, version="1.2.3")

    async def main() -> None:
        telemetry = Telemetry(CollectorRegistry(), version="1", revision="r")
        live = Live(loads(CONFIG, "config.yaml"), telemetry, make_transport=lambda _: site(), tracing=tracing)
        await live.scrape(5)
        await live.aclose()

    asyncio.run(main())
    tracing.close()
    return list(exporter.get_finished_spans())


def told(found: list[ReadableSpan]) -> str:
    """Everything that a collector would be sent."""
    return "\n".join(span.to_json() for span in found)


def test_a_scrape_is_a_span_and_so_is_each_request_in_it() -> None:
    """The tree of the trace says what a page waited for."""
    *requests, scrape = spans(lambda: sops_site(lambda _: tree()))
    assert (scrape.name, scrape.parent) == ("scrape", None)
    assert [span.name for span in requests] == ["GET", "GET"]  # a task of two businesses each
    assert scrape.context is not None
    assert {span.parent.span_id for span in requests if span.parent} == {scrape.context.span_id}
    assert scrape.resource.attributes["service.name"] == "bk-task-exporter"
    assert scrape.resource.attributes["service.version"] == "1.2.3"


def test_the_name_of_the_service_is_the_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SERVICE_NAME goes before ours."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tasks")
    found = spans(lambda: sops_site(lambda _: tree()), {"OTEL_SERVICE_NAME": "tasks"})
    assert {span.resource.attributes["service.name"] for span in found} == {"tasks"}


def test_no_secret_gets_into_a_span() -> None:
    """Neither by a header, nor by the text of an error, which may name a proxy and its password."""

    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.ProxyError(f"http://user:{SECRET}@proxy.test refused")

    found = spans(lambda: BlueKing(broken))
    assert len(found) > 1
    assert SECRET not in told(found)
    assert SECRET not in told(spans(lambda: sops_site(lambda _: tree())))


def test_errors_of_the_wire_arrive_as_they_were() -> None:
    """The gateway tells them apart by their type, text and cause."""
    error = httpx.ConnectError("no route")
    error.__cause__ = OSError("refused")

    def broken(_: httpx.Request) -> httpx.Response:
        raise error

    async def main() -> None:
        wire = traced(InMemorySpanExporter(), {}, version="1").transport(BlueKing(broken))
        with pytest.raises(httpx.ConnectError, match="no route") as caught:
            await wire.handle_async_request(httpx.Request("GET", "http://sops.test/"))
        assert caught.value is error
        assert isinstance(caught.value.__cause__, OSError)
        await wire.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("environ", "exporter"),
    [
        ({}, ""),
        ({"OTEL_SERVICE_NAME": "tasks"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ""),
        ({"OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "otlp"}, ""),
    ],
)
def test_the_usual_variables_turn_it_on(environ: dict[str, str], exporter: str) -> None:
    """Without any nothing is traced."""
    assert wanted(environ) == exporter
    tracing = set_up(dict(environ), version="1")
    assert (tracing is UNTRACED) == (not exporter)
    tracing.close()


def test_headers_are_never_captured() -> None:
    """A site may ask for all headers of all programs; ours hold credentials."""
    environ = {"OTEL_TRACES_EXPORTER": "console", CAPTURE: ".*"}
    set_up(environ, version="1").close()
    assert CAPTURE not in environ


def test_what_cannot_be_had_is_said_and_costs_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exporter that nobody knows, and OpenTelemetry that is not installed."""
    assert set_up({"OTEL_TRACES_EXPORTER": "zipkin"}, version="1") is UNTRACED
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    assert set_up({"OTEL_TRACES_EXPORTER": "console"}, version="1") is UNTRACED
    assert [record.message for record in caplog.records] == [
        "no traces: unknown exporter",
        "no traces: OpenTelemetry is not installed",
    ]


def test_nothing_of_it_is_imported_unasked() -> None:
    """The exporter starts as fast with the extra as without."""
    code = "import sys, exporter.commands, exporter.tracing; print([n for n in sys.modules if 'opentelemetry' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
