"""A whole configuration, as it is read from a file."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path

import pytest

from exporter.config import Config, load, loads, parse_task
from exporter.errors import ConfigError, UserError
from exporter.model import Place
from exporter.systems import SYSTEMS, sops
from exporter.systems.base import Site

AUTH = "bkapi: {auth: {bk_app_code: task-exporter, bk_app_secret: s3cret, bk_username: admin}}\n"
SOPS = AUTH + "systems: {sops: {url: https://bk-sops.example.com/prod}}\n"


def refused(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loads(text, "c.yaml", environ)
    return caught.value.lines()


def accepted(text: str, **environ: str) -> Config:
    return loads(text, "c.yaml", environ)


def test_the_defaults_are_those_of_the_contract() -> None:
    """What is not given has the value that the documentation shows."""
    config = accepted(SOPS)
    system, collect = config.systems["sops"], config.collect
    assert (system.timeout, system.max_connections, system.requests_per_second) == (10.0, 32, 10.0)
    assert (collect.cache_ttl, collect.final_cache_ttl, collect.nodes) == (10.0, 300.0, "all")
    assert (collect.nodes_per_task, collect.node_series, str(collect.time_zone)) == (100, 10_000, "Asia/Shanghai")
    assert (config.tasks, config.discover, config.probe.allow) == ((), (), frozenset())


@pytest.mark.parametrize(
    ("name", "given", "site"),
    [
        ("sops", "", Site("apigw", "get_task_status")),
        ("bkflow", "", Site("apigw", "get_task_states")),
        ("nodeman", "", Site("apigw", "job_details")),
        ("nodeman", ", route: esb", Site("esb", "get_task_info")),
        ("nodeman", ", route: esb, api: job_details", Site("esb", "job_details")),
        ("gsekit", "", Site("esb", "job_status")),
    ],
)
def test_the_gateway_is_the_default_where_a_system_has_it(name: str, given: str, site: Site) -> None:
    """Route and API have defaults, which follow from what the system offers."""
    config = accepted(f"{AUTH}systems: {{{name}: {{url: 'https://example.com/'{given}}}}}")
    assert config.systems[name].site == site
    assert config.systems[name].url == "https://example.com"


def test_a_system_replaces_what_it_gives_itself() -> None:
    """A key of a system wins over bkapi's as a whole, and the others stay."""
    config = accepted(
        "bkapi: {timeout: 3s, max_connections: 4, auth: {access_token: a}, proxy_url: 'http://u:p4ss@proxy:1'}\n"
        "systems:\n"
        "  sops: {url: http://a, timeout: 1m, proxy_url: ''}\n"
        "  bkflow: {url: http://b, auth: {bk_app_code: c, bk_app_secret: d}}\n"
    )
    sops_, bkflow = config.systems["sops"], config.systems["bkflow"]
    assert (sops_.timeout, sops_.max_connections, sops_.proxy_url) == (60.0, 4, None)
    assert sops_.credentials.header() == '{"access_token": "a"}'
    assert (bkflow.timeout, bkflow.max_connections) == (3.0, 4)
    assert bkflow.credentials.header() == '{"bk_app_code": "c", "bk_app_secret": "d"}'
    assert bkflow.proxy_url is not None
    assert bkflow.proxy_url.reveal() == "http://u:p4ss@proxy:1"
    assert str(bkflow.proxy_url) == "http://u:<secret>@proxy:1"


def test_tasks_become_parameters_of_their_systems() -> None:
    """A numeric string is as good as a number."""
    config = accepted(SOPS + "tasks: [{system: sops, bk_biz_id: '2', task_id: 10, name: Backup}]")
    assert config.tasks == (sops.Params(bk_biz_id=2, task_id=10, name="Backup"),)
    assert config.probe.allow == {Place("sops", "2", "")}


def test_files_are_named_relative_to_the_configuration(tmp_path: Path) -> None:
    """A secret's file beside the configuration is found from wherever we run."""
    (tmp_path / "secret").write_text("s3cret\n")
    path = tmp_path / "config.yaml"
    path.write_text(SOPS.replace("bk_app_secret: s3cret", "bk_app_secret_file: secret"))
    secret = load(path).systems["sops"].credentials.bk_app_secret
    assert secret is not None
    assert (secret.reveal(), secret.file) == ("s3cret", tmp_path / "secret")


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    """Without a file there is nothing to list."""
    with pytest.raises(UserError, match=r"^cannot read .* \(.*\)$") as caught:
        load(tmp_path / name)
    assert not isinstance(caught.value, ConfigError)


def test_text_that_is_no_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """A file in another encoding is told as such."""
    path = tmp_path / "c.yaml"
    path.write_bytes(b"# one\nname: \xb1\xb8\xb7\xdd\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.lines() == [f"{path}:2: not UTF-8 text: save the file as UTF-8"]


@pytest.mark.parametrize(
    ("zone", "hours"), [("+08:00", 8.0), ("-0330", -3.5), ("+10:00", 10.0), ("UTC", 0.0), ("Z", 0.0)]
)
def test_a_zone_may_be_an_offset(zone: str, hours: float) -> None:
    """Fixed offsets are zones too, also where YAML 1.1 would read a number."""
    offset = accepted(f"{SOPS}collect: {{time_zone: {zone}}}").collect.time_zone.utcoffset(None)
    assert offset == timezone(timedelta(hours=hours)).utcoffset(None)


def test_every_system_can_be_probed_by_its_parameters() -> None:
    """Parameters of a query make the same struct as an entry of `tasks`."""
    assert parse_task("sops", {"bk_biz_id": "2", "task_id": "10"}) == sops.Params(bk_biz_id=2, task_id=10)
    for name, system in SYSTEMS.items():
        required = {
            field: "7"
            for field in system.Params.__struct_fields__
            if field.endswith("_id") and field != "subprocess_id"
        }
        assert parse_task(name, required).identity.system == name


@pytest.mark.parametrize(
    ("system", "params", "message"),
    [
        ("sop", {}, "system: unknown value 'sop' (did you mean sops?)"),
        ("sops", {"bk_biz_id": "2"}, "task_id: missing (sops needs bk_biz_id and task_id)"),
        ("sops", {"bk_biz_id": "${HOME}", "task_id": "1"}, "bk_biz_id: must be a whole number, got '${HOME}'"),
        ("sops", {"bk_biz_id": "2", "task_id": "0"}, "task_id: must be at least 1"),
        (
            "nodeman",
            {"bk_biz_id": "2", "task_id": "1", "job_id": "1"},
            "task_id: unknown parameter (known: bk_biz_id, job_id, name)",
        ),
        ("sops", {"bk_biz_id": "2", "task_id": "1", "name": "\udc80"}, "name: is not UTF-8 text"),
    ],
)
def test_a_wrong_parameter_is_named(system: str, params: dict[str, str], message: str) -> None:
    """A refusal says which parameter, in the words of a configuration's."""
    with pytest.raises(UserError) as caught:
        parse_task(system, params)
    assert str(caught.value) == message
