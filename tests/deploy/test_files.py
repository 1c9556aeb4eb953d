"""What the chart and the manifests have of the rest of the project, without a program that reads them."""

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

import exporter
from tools.chart import files, values
from tools.generate import GENERATED, ROOT

CHART = ROOT / files.CHART
SCHEMA = json.loads(values.values_schema())


def defaults() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    return loaded


def keys(tree: dict[str, Any], schema: dict[str, Any], path: str = "") -> tuple[set[str], set[str]]:
    """The keys of the values and of their schema, down to where the schema leaves the rest to Kubernetes."""
    given: set[str] = set()
    known: set[str] = set()
    for name, part in schema.get("properties", {}).items():
        known.add(f"{path}{name}")
        if isinstance(tree.get(name), dict) and "properties" in part:
            below = keys(tree[name], part, f"{path}{name}.")
            given, known = given | below[0], known | below[1]
    return given | {f"{path}{name}" for name in tree}, known


def test_the_copies_are_those_of_the_sources() -> None:
    """Every rule and dashboard is in the chart, and nothing else is; `make check` holds them equal to the byte."""
    wanted = files.copies()
    there = {str(path.relative_to(ROOT)) for path in (CHART / "files").rglob("*") if path.is_file()}
    assert there == set(wanted)
    assert {path for path in wanted if (ROOT / path).read_bytes() != wanted[path].read_bytes()} == set()
    assert set(wanted) <= {generated.path for generated in GENERATED}
    assert {"alerts.yml", "recording.yml", "thresholds.yml"} <= {source.name for source in wanted.values()}


def test_chart_and_manifests_are_of_this_version() -> None:
    """Both name the version of exporter/__init__.py, which nobody has to type a second time."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (exporter.__version__, exporter.__version__)
    kustomization = yaml.safe_load((ROOT / "deploy/kustomization.yaml").read_text("utf-8"))
    assert kustomization["images"] == [{"name": "bk-task-exporter", "newTag": exporter.__version__}]


def test_every_value_is_in_the_schema_and_every_part_of_the_schema_is_a_value() -> None:
    """A value that the schema does not know would be refused; one that values.yaml does not show, nobody would find."""
    given, known = keys(defaults(), SCHEMA)
    assert given - known == set()
    assert known - given == {"global", "resources.claims"}


def test_the_defaults_fit_the_schema() -> None:
    """And the schema is one."""
    Draft7Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(defaults())] == []


def test_helm_can_read_every_pattern() -> None:
    """Its regular expressions know no look-around."""
    assert re.search(r"\(\?[=!<]", json.dumps(SCHEMA)) is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"shards": 0}, "shards"),
        ({"shards": "8"}, "shards"),
        ({"replica": 2}, ""),
        ({"logLevel": "loud"}, "logLevel"),
        ({"secret": {"data": {"bk_app_secret": ""}}}, "secret.data.bk_app_secret"),
        ({"serviceMonitor": {"interval": "30"}}, "serviceMonitor.interval"),
        ({"image": {"digest": "sha256:1"}}, "image.digest"),
        ({"config": {"tasks": [], "sytems": {}}}, "config"),
    ],
)
def test_the_schema_refuses(change: dict[str, Any], where: str) -> None:
    """Wrong values, wrong types, unknown keys, and what the exporter would refuse in its configuration."""
    errors = Draft7Validator(SCHEMA).iter_errors(change)
    assert where in {".".join(map(str, error.absolute_path)) for error in errors}
