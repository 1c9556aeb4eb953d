"""The story of one probe as text: what was asked, what came back, how it was read and what it became. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from textwrap import fill, indent

import httpx

from exporter import __version__
from exporter.advice import REASONS
from exporter.config import SystemConfig
from exporter.config.secret import MASK
from exporter.errors import TaskError
from exporter.labeltext import printable
from exporter.masking import Masker, without_failures
from exporter.model import Task
from exporter.moments import moment
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.render import Renderer
from exporter.systems.base import Nodes
from exporter.targets import Target
from exporter.telling import Telling
from exporter.witness import Exchange

#: Characters of a body that are shown.
MAX_BODY = 8000
MAX_HEADER = 500

_WIDTH = 100

#: Headers of an answer that say who made it, for which request, and how often one may ask. Others may carry sessions.
_TOLD = frozenset(
    {
        "content-type",
        "content-length",
        "content-encoding",
        "date",
        "server",
        "via",
        "location",
        "retry-after",
        "www-authenticate",
        "x-request-id",
        "sops-trace-id",
        "bkflow-engine-trace-id",
    }
)
_TOLD_PREFIX = "x-bkapi-"


def story(telling: Telling, target: Target, seconds: float, nodes: Nodes) -> str:
    """The whole story. `seconds` were allowed; `nodes` is whose nodes the metrics show."""
    collect = telling.page.setup.config.collect
    outcome = telling.page.outcomes[0]
    system = telling.page.setup.config.systems[target.system]
    masker = telling.page.setup.masker
    parts = [_beginning(target, system, seconds)]
    parts += [part for exchange in telling.exchanges for part in _exchange(exchange, telling.began, masker)]
    if not telling.exchanges:
        parts.append(_section(0.0, "nothing was sent"))
    parts.append(_section(telling.ended - telling.began, "read", *_reading(outcome, collect.time_zone)))
    parts.append(_section(telling.ended - telling.began, "became these metrics", *_metrics(telling, nodes)))
    return masker.text(printable("\n".join(parts)))


def _beginning(target: Target, system: SystemConfig, seconds: float) -> str:
    how = {"configured": "It is configured.", "discovered": "It was discovered.", "probed": "It is not configured."}
    lines = [
        f"bk-task-exporter {__version__}: one probe of {target.identity}",
        f"{how[target.source]} Asked through {system.site.route} with {system.site.api} at {system.url}",
        f"Within {seconds:g} s, each request within {system.timeout:g} s",
        "Asked anew, whatever is kept of the task; this answer is not kept",
    ]
    if system.proxy_url is not None:
        lines.append(f"By way of the proxy {system.proxy_url}")
    return "\n".join(lines) + "\n"


def _section(when: float, title: str, *lines: str) -> str:
    body = indent("\n".join(lines), "    ") + "\n" if lines else ""
    return f"[{when:8.3f} s] {title}\n{body}"


def _exchange(exchange: Exchange, began: float, masker: Masker) -> Iterator[str]:
    request = exchange.request
    headers = [f"{name}: {_sent(name, value)}" for name, value in request.headers.multi_items()]
    sent = request.read()
    body = [f"\n{sent.decode('utf-8', 'replace')}"] if sent else []
    yield _section(exchange.began - began, "asked", f"{request.method} {request.url}", *headers, *body)
    ended = began if exchange.ended is None else exchange.ended
    took = f"after {ended - exchange.began:.3f} s"
    if exchange.status is None:
        yield _section(ended - began, f"no answer, {took}: {exchange.failure}")
        return
    broken = f", then broken off ({exchange.failure})" if exchange.failure else ""
    title = f"answered HTTP {exchange.status}, {took}: {exchange.size:,} bytes{broken}"
    yield _section(ended - began, title, *_told(exchange.headers, masker), *_body(exchange, masker))


def _metrics(telling: Telling, nodes: Nodes) -> Iterator[str]:
    collect = telling.page.setup.config.collect
    chunks = Renderer(nodes, collect.nodes_per_task).page(
        telling.page.outcomes, node_series=collect.node_series, openmetrics=False
    )
    lines = b"".join(chunks).decode().splitlines()
    return (line for line in lines if not line.startswith("#"))


def _sent(name: str, value: str) -> str:
    """Masked whole where it may hold a secret that no configuration knows of."""
    return MASK if name.lower() in {"authorization", "proxy-authorization", "cookie"} else value


def _told(headers: httpx.Headers, masker: Masker) -> Iterator[str]:
    """Headers without secrets, which go before anything is cut: half of one would not be found."""
    for name, value in headers.multi_items():
        if name.lower() in _TOLD or name.lower().startswith(_TOLD_PREFIX):
            yield f"{name}: {masker.text(value)[:MAX_HEADER]}"


def _body(exchange: Exchange, masker: Masker) -> Iterator[str]:
    """What came, without secrets and failure data."""
    text = without_failures(masker.text(masker.body(exchange.body).decode("utf-8", "replace")))
    if text.strip():
        yield "\n" + text[:MAX_BODY]
    if len(text) > MAX_BODY:
        yield f"… and {len(text) - MAX_BODY:,} characters more"


def _reading(outcome: Outcome[Rendered], zone: tzinfo) -> Iterator[str]:
    if outcome.error is not None:
        yield from _error(outcome.error)
    elif outcome.kept is not None:
        yield from _task(outcome.kept.task, zone)


def _error(error: TaskError) -> Iterator[str]:
    advice = REASONS[error.reason]
    yield f"The task could not be read; the reason is {error.reason.value}."
    yield f"message     {error.message}"
    yield from (
        f"{name:<11} {value}" for name, value in (("code", error.code), ("request id", error.request_id)) if value
    )
    yield ""
    yield fill(advice.means, _WIDTH)
    yield fill(f"What to do next: {advice.cure}", _WIDTH)


def _task(task: Task, zone: tzinfo) -> Iterator[str]:
    rows = {
        "state": f"{task.state.value}{' (final)' if task.final else ''}",
        "unknown": ", ".join(word[:80] for word in task.unknown_words),
        "name": task.labels.task_name,
        "kind": task.labels.kind,
        "creator": task.labels.creator,
        "start": _moment(task.start, zone),
        "finish": _moment(task.finish, zone),
        "elapsed": "" if task.elapsed is None else f"{task.elapsed:g} s",
        "nodes": _counts(task.node_counts.by_state.items()) if task.node_counts else "",
        "hosts": _counts(task.hosts.by_status.items()) if task.hosts else "",
        "job tasks": _counts(task.job_tasks.by_status.items()) if task.job_tasks else "",
    }
    for name, value in rows.items():
        if value:
            yield f"{name:<11} {value}"


def _moment(seconds: float | None, zone: tzinfo) -> str:
    if seconds is None:
        return ""
    return f"{moment(seconds, zone).isoformat(' ', 'seconds')} ({moment(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts if number) or "none"
