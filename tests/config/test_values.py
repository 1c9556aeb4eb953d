"""Single values, and what YAML can do with them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
import yaml

from exporter.config import loads, tree, zones
from exporter.config.variables import expand
from exporter.errors import ConfigError
from tests.config.test_load import AUTH, SOPS, refused


def test_anchors_and_merges_are_followed() -> None:
    """What many entries share is written once; what an entry gives itself wins over what it merges."""
    config = loads(
        "bkapi: {auth: {access_token: t}}\n"
        "systems:\n"
        "  sops: &gateway {url: http://a, timeout: 3s}\n"
        "  bkflow: {<<: *gateway, url: http://b}\n"
        "tasks:\n"
        "  - &ten {system: sops, bk_biz_id: 2, task_id: 10}\n"
        "  - {task_id: 11, <<: *ten}\n"
        "  - {<<: [{task_id: 12}, *ten], name: twelve}\n"
        "discover: &none []\n"
        "probe: {allow: *none}\n"
    )
    assert (config.systems["bkflow"].url, config.systems["bkflow"].timeout) == ("http://b", 3.0)
    assert [task.identity.task_id for task in config.tasks] == ["10", "11", "12"]
    assert config.probe.allow == frozenset()


@pytest.mark.parametrize("loader", [yaml.SafeLoader, tree._LOADER])
def test_both_of_yamls_loaders_do(monkeypatch: pytest.MonkeyPatch, loader: Any) -> None:
    """PyYAML is also built without its C part."""
    monkeypatch.setattr(tree, "_LOADER", loader)
    assert loads(SOPS).systems["sops"].url == "https://bk-sops.example.com/prod"
    assert refused("[" * 100_000)[0].startswith("c.yaml:1: nested more than 32 levels deep")
    assert refused("a: \x07")[0].startswith("c.yaml:1: not YAML: ")
    assert refused("a: ]")[0].startswith("c.yaml:1: not YAML: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "1"),
        ("x${A}y${B}", "x1y2"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A $ {A}", "$A $ {A}"),
        ("${NESTED}", "${A}"),
    ],
)
def test_a_variable_is_replaced_once(text: str, value: str) -> None:
    """Only ${NAME} is one; what it holds is taken as it is."""
    assert expand(text, {"A": "1", "B": "2", "NESTED": "${A}"}) == value


def test_a_variable_must_be_text() -> None:
    """The environment may hold any bytes."""
    assert refused(SOPS.replace("s3cret", "'${S}'"), S="\udcff") == [
        "c.yaml:1: bkapi.auth.bk_app_secret: the environment variable S is not UTF-8 text"
    ]


def test_values_of_variables_may_be_numbers_and_flags() -> None:
    """A variable stands for what its key needs."""
    text = (
        AUTH
        + "systems: {sops: {url: '${U}', tls: {insecure_skip_verify: '${F}'}, max_connections: '${N}', proxy_url: '${E}'}}"
    )
    sops = loads(text, environ={"U": "http://a", "F": "true", "N": "7", "E": ""}).systems["sops"]
    assert (sops.tls.insecure_skip_verify, sops.max_connections, sops.proxy_url) == (True, 7, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("url: 'http://a:0'", "url: port 0 is none that a server can listen on"),
        ("url: http://a?", "url: a query or fragment stands in the address; leave out all from ? or # on"),
        ("url: http://a, tls: {insecure_skip_verify: on}", "tls.insecure_skip_verify: must be true or false, got 'on'"),
        ("url: [http://a]", "url: must be text, not a list"),
    ],
)
def test_a_wrong_value_is_told(given: str, message: str) -> None:
    """One mistake, one message."""
    assert refused(f"{AUTH}systems: {{sops: {{{given}}}}}") == [f"c.yaml:2: systems.sops.{message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: {b: ${C}}",
            "did not find expected ',' or '}'; while parsing a flow mapping (between { and }, put ${NAME} in quotes)",
        ),
        (
            "a:\n\tb: 1",
            "found character that cannot start any token; while scanning for the next token (indent with spaces, not tabs)",
        ),
        (
            "a: %b",
            "found character that cannot start any token; while scanning for the next token (put a value that begins with %, @ or ` in quotes)",
        ),
    ],
)
def test_usual_mistakes_of_yaml_have_a_cure(text: str, message: str) -> None:
    """The parser's own words help nobody who does not know it."""
    (line,) = refused(text)
    assert line.endswith(f": not YAML: {message}")


def test_texts_and_lists_have_an_end() -> None:
    """What goes into a request to BlueKing is bounded."""
    listing = f"{{system: sops, bk_biz_id: 2, keyword: {'x' * 201}, template_id: [{'7, ' * 101}]}}"
    assert refused(f"{SOPS}discover: [{listing}]") == [
        "c.yaml:3: discover[0].keyword: longer than 200 characters",
        "c.yaml:3: discover[0].template_id: more than 100 items",
    ]


def test_systems_must_be_a_mapping() -> None:
    """Not a list of names."""
    assert refused(AUTH + "systems: [sops]") == ["c.yaml:2: systems: must be a mapping, not a list"]


def test_the_default_zone_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small image may have no zones at all; BlueKing's own has one offset since 1991."""

    def missing(name: str) -> Any:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)
    monkeypatch.setattr(zones, "_known", tuple)
    assert zones.parse(zones.DEFAULT).utcoffset(None) == timedelta(hours=8)
    with pytest.raises(ValueError, match="this machine has no time zone database"):
        zones.parse("Europe/Berlin")


@pytest.mark.parametrize("name", ["Asia/Shanghai", "Europe/Berlin", "UTC", "+08:00", "-03:30", "+00:00"])
def test_a_zone_is_written_as_it_is_read(name: str) -> None:
    """The running configuration can be read again."""
    assert zones.parse(zones.written(zones.parse(name))) == zones.parse(name)


def test_a_zone_without_database_is_written_by_its_name() -> None:
    """The fallback is no other zone."""
    assert zones.written(timezone(timedelta(hours=8), zones.DEFAULT)) == zones.DEFAULT
    assert zones.written(UTC) == "UTC"


def test_a_path_and_a_line_stand_before_each_message() -> None:
    """Where there is a file; a query has neither."""
    with pytest.raises(ConfigError) as caught:
        loads(SOPS + "tasks:\n\n  - {system: sops, bk_biz_id: 2}\n", "/etc/exporter/config.yaml")
    assert str(caught.value) == (
        "/etc/exporter/config.yaml:5: tasks[0].task_id: missing (sops needs bk_biz_id and task_id)"
    )
