"""What is fuzzed: each takes any bytes, and raises only where the exporter does what it never should."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from exporter.config import Credentials, Secret, loads, parse_task
from exporter.doors.sd import authority
from exporter.envelope import Reply, data_of
from exporter.errors import TaskError, UserError
from exporter.exposition import accepts_gzip, gzip, negotiate
from exporter.lenient import cleaned
from exporter.masking import Masker
from exporter.model import Task
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.render import Renderer
from exporter.systems import SYSTEMS
from exporter.systems.base import TaskParams
from exporter.unpack import Body
from tests.answers import FIXTURES, LISTINGS, NOW, PARAMS, READING, cases_of, data, discover, outcome
from tests.fuzz.door import door, parses
from tests.pages import parsed, sample_lines, series
from tests.support import system_config

Target = Callable[[bytes], None]

FINDINGS = FIXTURES / "fuzz"

_renderer = Renderer("all", 100)


def check_page(outcomes: Sequence[Outcome[Rendered]], tasks: int) -> None:
    """A page parses in both formats, strictly where that can be, holds no series twice, and one state for each task."""
    for openmetrics in (False, True):
        text = b"".join(_renderer.page(outcomes, node_series=10_000, openmetrics=openmetrics)).decode()
        samples = parsed(text, openmetrics=openmetrics)
        assert len(samples) == len(sample_lines(text)), "a line of the page is no sample"
        assert len(set(series(samples))) == len(samples), "a series stands twice on the page"
        assert sum(each.value for each in samples if each.name == "bk_task_state") == tasks, "not one state for each"


def _check_task(system: str, task: Task, answer: bytes) -> None:
    assert task.state in SYSTEMS[system].STATES, task.state
    kept = _renderer.distill(PARAMS[system].identity, task)
    if parses(answer):
        known = outcome(system, task)
        check_page([Outcome(known.identity, kept, None, known.fetched, known.duration)], 1)


def _reader(system: str, *, detail: bool = False) -> Target:
    read = SYSTEMS[system].read_detail if detail else SYSTEMS[system].read

    def target(answer: bytes) -> None:
        try:
            task = read(answer, PARAMS[system], READING)
        except TaskError:
            return
        _check_task(system, task, answer)

    return target


def _bulk(system: str) -> Target:
    bulk = SYSTEMS[system].BULK
    assert bulk is not None
    first = PARAMS[system]
    batch: list[TaskParams] = [msgspec.structs.replace(first, task_id=number) for number in (1, 2, 3, 10)]

    def target(answer: bytes) -> None:
        try:
            parts = bulk.split(answer, batch)
        except TaskError:
            return
        assert len(parts) == len(batch), "not one part for each task"
        for params, part in zip(batch, parts, strict=True):
            if isinstance(part, bytes):
                _read_part(part, params)

    def _read_part(part: bytes, params: TaskParams) -> None:
        try:
            task = bulk.read(part, params, READING)
        except TaskError:
            return
        _check_task(system, task, part)

    return target


def _listing(system: str) -> Target:
    def target(answer: bytes) -> None:
        try:
            page = LISTINGS[system].read(answer, discover(system), READING, NOW - 86400)
        except TaskError:
            return
        for entry in page.entries:
            assert entry is None or 0 < entry.task_id < 1 << 63, entry

    return target


def envelope(raw: bytes) -> None:
    """The first byte chooses status and headers, the rest is the body."""
    choice = raw[0] if raw else 0
    status = (200, 200, 200, 302, 400, 403, 404, 429, 499, 500, 502, 504, 101, 204, 304, 600)[choice % 16]
    word = raw[1:9].decode("latin-1")
    names = ("x-bkapi-ratelimit-reset", "x-bkapi-error-code", "x-bkapi-request-id", "content-type")
    headers = {name: word for bit, name in enumerate(names) if choice >> (4 + bit) & 1}
    try:
        data_of(Reply(status, headers, raw[1:]))
    except TaskError as error:
        _check_refusal(error)


def _check_refusal(error: TaskError) -> None:
    """One short line, and a patience that makes sense."""
    assert len(error.message) <= 400, error.message
    assert "\n" not in error.message, error.message
    assert error.retry_after is None or 0 < error.retry_after <= 300, error.retry_after


def lenient(raw: bytes) -> None:
    """What comes out is strict JSON."""
    try:
        strict = cleaned(raw)
    except (ValueError, RecursionError):
        return
    msgspec.json.decode(strict)


#: What is hidden in `masking`: as secrets usually are, and as they can be.
SECRETS = ("3f2a1c9e-77aa-4b0e-9b7e-aaaabbbbcccc", 'p"ä/s&s+\\word<秘密>')
_maskers = [Masker([system_config(credentials=Credentials(bk_app_secret=Secret(secret)))]) for secret in SECRETS]


def masking(raw: bytes) -> None:
    """No secret is left, and what was JSON is JSON."""
    text = raw.decode("utf-8", "replace")
    for secret, masker in zip(SECRETS, _maskers, strict=True):
        assert secret not in masker.text(text)
        masked = masker.body(raw)
        assert secret.encode() not in masked
        try:
            msgspec.json.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            continue
        assert not any(secret in word for word in _words(msgspec.json.decode(masked))), "a secret is left"


def _words(value: object) -> Iterator[str]:
    below = [value]
    while below:
        match below.pop():
            case str(word):
                yield word
            case list(items):
                below += items
            case dict(members):
                below += [*members.keys(), *members.values()]


def unpack(raw: bytes) -> None:
    """The first byte is the size of the chunks in which the rest comes."""
    body, step = Body("gzip", 1 << 20), (raw[0] if raw else 0) + 1
    try:
        for start in range(1, len(raw), step):
            assert all(size <= 1 << 20 for size in body.feed(raw[start : start + step]))
        assert len(body.end()) <= 1 << 20
    except TaskError:
        return


def configuration(raw: bytes) -> None:
    """A text is a configuration, or every problem with its line."""
    text = raw.decode("utf-8", "surrogateescape" if raw[:1] == b"\xff" else "replace")
    try:
        loads(text, "fuzzed.yaml", {"WORD": "value"})
    except UserError as error:
        _check_words(error)


def _check_words(error: UserError) -> None:
    """A refusal says what is wrong, in characters that can be printed."""
    assert str(error), "a refusal without a word"
    str(error).encode("utf-8", "surrogateescape")


def headers(raw: bytes) -> None:
    """Negotiation takes whatever a header may hold."""
    text = raw.decode("latin-1")
    form = negotiate(text)
    assert form.content_type.startswith(("text/plain", "application/openmetrics-text"))
    if accepts_gzip(text):
        assert b"".join(gzip([raw]))


def parameters(raw: bytes) -> None:
    """`a=1&b=2` as parameters of a task, whatever stands between the signs."""
    system, *pairs = raw.decode("utf-8", "surrogateescape").split("&")
    given = dict(pair.partition("=")[::2] for pair in pairs)
    try:
        params = parse_task(system, given)
    except UserError as error:
        _check_words(error)
        return
    check_page([Outcome(params.identity, None, None, NOW, 0.0)], 0)


def address(raw: bytes) -> None:
    """`--web.external-url`."""
    try:
        assert authority(raw.decode("utf-8", "surrogateescape"))
    except UserError:
        return


TARGETS: Mapping[str, Target] = {
    **{f"{name}": _reader(name) for name in SYSTEMS},
    **{f"{name}-detail": _reader(name, detail=True) for name in SYSTEMS},
    **{f"{name}-bulk": _bulk(name) for name, system in SYSTEMS.items() if system.BULK is not None},
    **{f"{name}-list": _listing(name) for name in LISTINGS},
    "envelope": envelope,
    "lenient": lenient,
    "unpack": unpack,
    "masking": masking,
    "configuration": configuration,
    "parameters": parameters,
    "headers": headers,
    "address": address,
    "door": door,
}


def answers(system: str) -> list[bytes]:
    """What this system answered, documented or captured."""
    return [data(system, case) for case in cases_of(system)]


def findings(name: str) -> list[bytes]:
    """Inputs that once broke this target, each a file with Python's words for its bytes."""
    return [ast.literal_eval(path.read_text("utf-8")) for path in sorted(FINDINGS.glob(f"{name}.*.txt"))]
