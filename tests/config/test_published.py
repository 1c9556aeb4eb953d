"""What is published about the configuration: schema, reference, example, running configuration."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from msgspec import inspect

from exporter import duration
from exporter.config import Config, loads, masked
from exporter.config.fields import Kind, fields_of, unwrapped
from exporter.config.json_schema import schema
from exporter.config.reference import reference
from exporter.config.schema import VARIANTS, File
from exporter.systems import SYSTEMS
from tests.config.conftest import ENVIRON, FIXTURES

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.yaml").read_text("utf-8")
ENVIRONMENT = {
    "BK_APP_SECRET": "c4n4ry-1",
    "BK_TOKEN": "c4n4ry-2",
    "BK_TICKET": "c4n4ry-3",
    "BK_ACCESS_TOKEN": "c4n4ry-4",
}

#: These can only be found where files, the environment, or two keys are looked at together.
BEYOND_A_SCHEMA = {
    "credentials-contradict",
    "credentials-empty",
    "credentials-missing",
    "esb-without-user",
    "same-listing-twice",
    "same-task-twice",
    "secret-files",
    "task-system-not-configured",
    "time-zone-path",
    "time-zones",
    "tls-files",
    "url-ends-in-compapi",
    "duplicate-keys",
}


def uncommented() -> str:
    """The example with all of its other ways in place."""
    return re.sub(r"^(\s+)# ([a-z_]+:)", r"\1\2", EXAMPLE, flags=re.MULTILINE)


def validator() -> jsonschema.protocols.Validator:
    jsonschema.Draft7Validator.check_schema(schema())
    return jsonschema.Draft7Validator(schema())


def structs(kind: Kind) -> Iterator[type]:
    """Every struct of the schema."""
    kind, _, _ = unwrapped(kind)
    match kind:
        case inspect.StructType():
            for struct in VARIANTS.get(kind.cls, {"": kind.cls}).values():
                yield struct
                for field in fields_of(struct).values():
                    yield from structs(field.kind)
        case inspect.VarTupleType():
            yield from structs(kind.item_type)
        case inspect.DictType():
            yield from structs(kind.value_type)


STRUCTS = set(structs(inspect.type_info(File)))


def load_example(text: str = EXAMPLE) -> Config:
    return loads(text, "config.example.yaml", ENVIRONMENT)


def test_the_example_is_a_configuration() -> None:
    """It loads as it is, once the secret is in the environment, and names every system."""
    lacking = set(SYSTEMS) - set(load_example().systems)
    assert not lacking, f"config.example.yaml: systems lacks {lacking}"


def test_the_example_shows_every_key() -> None:
    """A key that is not in the example would not be found."""
    shown = set(re.findall(r"\b([a-z_]+):", EXAMPLE))
    assert {key for struct in STRUCTS for key in fields_of(struct)} - shown == set()


def test_the_other_ways_of_the_example_work_too() -> None:
    """What stands after a # is as good as the rest."""
    assert load_example(uncommented()).discover[0].label == "releases"


def test_every_key_is_described() -> None:
    """An editor and the reference have something to say of each."""
    assert not [
        f"{struct.__name__}.{key}"
        for struct in STRUCTS
        for key, field in fields_of(struct).items()
        if not field.description
    ]


def test_the_reference_names_every_key() -> None:
    """Each key has its row."""
    text = reference()
    assert not [key for struct in STRUCTS for key in fields_of(struct) if f"| `{key}` |" not in text]
    assert all(f"`system: {name}`" in text for name in SYSTEMS)


@pytest.mark.parametrize("text", [EXAMPLE, uncommented()], ids=["example", "uncommented"])
def test_the_schema_accepts_what_is_accepted(text: str) -> None:
    """An editor does not complain of the example."""
    assert not [error.message for error in validator().iter_errors(yaml.safe_load(text))]


def test_the_schema_accepts_variables_and_empty_keys() -> None:
    """Where a variable may stand, and where nothing may stand, the editor knows it."""
    text = "bkapi: {auth: {access_token: t}, timeout: '${T}', max_connections: '${N}', tls: , proxy_url: }\nsystems: {sops: {url: '${U}', route: '${R}'}}\ntasks:\n"
    loads(text, environ={"T": "3s", "N": "4", "U": "http://a", "R": "esb"})
    assert not list(validator().iter_errors(yaml.safe_load(text)))


def _trees() -> Iterator[tuple[str, Any]]:
    for path in sorted(FIXTURES.glob("invalid-*.yaml")):
        with contextlib.suppress(yaml.YAMLError):
            yield path.stem.removeprefix("invalid-"), yaml.safe_load(path.read_text("utf-8"))


def test_the_schema_refuses_what_is_refused() -> None:
    """An editor shows a mistake before the exporter does, where a schema can know it."""
    good = validator()
    assert {name for name, tree in _trees() if good.is_valid(tree)} == BEYOND_A_SCHEMA


def test_the_running_configuration_can_be_read_again() -> None:
    """It has the shape of a file: read again it is the same, secrets aside, and shows the same."""
    shown = masked(load_example(uncommented()))
    again = loads(shown, "config.example.yaml")
    assert masked(again) == shown
    before = load_example(uncommented())
    assert (again.tasks, again.discover, again.collect, again.probe) == (
        before.tasks,
        before.discover,
        before.collect,
        before.probe,
    )
    assert [(one.url, one.site, one.timeout, one.tls) for one in again.systems.values()] == [
        (one.url, one.site, one.timeout, one.tls) for one in before.systems.values()
    ]


def test_the_running_configuration_shows_no_secret() -> None:
    """Wherever a secret can stand, only its mask or its file is shown."""
    text = uncommented() + "\n"
    config = load_example(text.replace("proxy_url: ", "proxy_url: http://u:c4n4ry-5@proxy:1 "))
    for shown in (masked(config), repr(config), str(config)):
        assert "c4n4ry" not in shown
        assert "<secret>" in shown


def test_the_running_configuration_names_secret_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a secret comes from is no secret."""
    monkeypatch.chdir(FIXTURES)
    text = "bkapi: {auth: {bk_app_code: code, bk_app_secret_file: secret}}\nsystems: {sops: {url: http://a}}\ncollect: {time_zone: -03:30}\n"
    shown = yaml.safe_load(masked(loads(text, "c.yaml", ENVIRON)))
    assert shown["systems"]["sops"]["auth"] == {"bk_app_code": "code", "bk_app_secret_file": "secret"}
    assert shown["collect"]["time_zone"] == "-03:30"
    assert shown["probe"] == {}


def test_the_running_configuration_has_the_defaults_of_a_listing() -> None:
    """Nobody need look up how often a listing is refreshed, or how much of it is read."""
    text = "bkapi: {auth: {bk_app_code: c, bk_app_secret: s}}\nsystems: {sops: {url: http://a}}\ndiscover: [{system: sops, bk_biz_id: 2}]\n"
    (listing,) = yaml.safe_load(masked(loads(text, "c.yaml", ENVIRON)))["discover"]
    expected = {"created_within": "1d", "keep_finished": "1h", "limit": 500, "refresh": "1m", "scope": "cmdb_biz"}
    assert {**listing, **expected} == listing


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10.0),
        ("5m", 300.0),
        ("24h", 86400.0),
        ("1h30m", 5400.0),
        ("500ms", 0.5),
        ("0s", 0.0),
        ("1d12h", 129600.0),
        ("1w", 604800.0),
    ],
)
def test_a_duration_is_a_number_of_seconds(text: str, seconds: float) -> None:
    """Durations are written as in Prometheus' configuration, and back."""
    assert duration.parse(text) == seconds
    assert duration.parse(duration.written(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "s", "10", "-1s", "1.5h", "1s1m", "1 s", "10 s", "1h1h", "٣s", "1y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """There is always a unit, the largest first, each once."""
    with pytest.raises(ValueError, match="duration"):
        duration.parse(text)
