"""The Helm chart and the plain manifests, as helm and kubectl make them, checked against Kubernetes' own schemas."""

import copy
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import loads
from tests.markdown import Block, blocks
from tests.real import programs
from tools.chart.files import CHART
from tools.generate import ROOT

pytestmark = pytest.mark.real

Object = Mapping[str, Any]

VERSIONS = ("1.25", "1.34")
CHART_FOLDER = ROOT / CHART
PAGE = ROOT / "docs/kubernetes.md"
BASE, *COMBINATIONS = *blocks(PAGE, "yaml"), *blocks(ROOT / "docs/bkmonitor.md", "yaml")
#: What custom resources may hold, as far as the chart fills it; Kubernetes' own schemas know nothing of them.
CUSTOM = {
    "ServiceMonitor": {"jobLabel", "selector", "namespaceSelector", "endpoints"},
    "PrometheusRule": {"groups"},
}
ENDPOINT = {"port", "path", "scheme", "interval", "scrapeTimeout", "tlsConfig", "basicAuth"}


@pytest.fixture(scope="module")
def helm() -> str:
    """Helm 3."""
    return programs.kubernetes("helm")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)


def checker(name: str) -> str:
    """A program that came with the packages of the environment."""
    return programs.find(name, folder=Path(sys.executable).parent)


def template(helm: str, folder: Path, *values: str) -> subprocess.CompletedProcess[str]:
    """What `helm template` says to these values, each of which is a file's text."""
    given: list[str | Path] = []
    for number, text in enumerate(values):
        path = folder / f"values-{number}.yaml"
        path.write_text(text, "utf-8")
        given += ["--values", path]
    return run(helm, "template", "bk-task-exporter", CHART_FOLDER, "--namespace", "monitoring", *given)


def made(helm: str, folder: Path, *values: str) -> dict[str, Object]:
    """The objects that the chart makes of them, by kind, or kind and name where there are several."""
    done = template(helm, folder, *values)
    assert done.returncode == 0, done.stderr
    return by_kind(done.stdout)


def by_kind(text: str) -> dict[str, Object]:
    objects = [each for each in yaml.safe_load_all(text) if each]
    kinds = [each["kind"] for each in objects]
    return {
        each["kind"] if kinds.count(each["kind"]) == 1 else f"{each['kind']} {each['metadata']['name']}": each
        for each in objects
    }


def refusal(helm: str, folder: Path, *values: str) -> str:
    done = template(helm, folder, *values)
    assert done.returncode != 0
    assert done.stdout == ""
    return done.stderr


def assert_valid(objects: Sequence[Object], folder: Path) -> None:
    """Hold objects to the schemas of Kubernetes, and custom resources to what the operator knows."""
    path = folder / "objects.yaml"
    builtin = [each for each in objects if each["kind"] not in CUSTOM]
    path.write_text(yaml.safe_dump_all(builtin), "utf-8")
    for version in VERSIONS:
        done = run(checker("kubernetes-validate"), "--strict", "-k", version, path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("passed for resource") == len(builtin), done.stdout
    for each in objects:
        if each["kind"] in CUSTOM:
            assert each["apiVersion"] == "monitoring.coreos.com/v1"
            assert set(each["spec"]) <= CUSTOM[each["kind"]]
            assert {key for endpoint in each["spec"].get("endpoints", ()) for key in endpoint} <= ENDPOINT


def pod(objects: Mapping[str, Object], kind: str = "Deployment") -> Any:
    return objects[kind]["spec"]["template"]["spec"]


def block_of(heading: str) -> str:
    """The first values under a heading of the page."""
    text = PAGE.read_text("utf-8")
    line = text[: text.index(f"{heading}\n")].count("\n")
    return next(block.text for block in [BASE, *COMBINATIONS] if block.line > line)


def test_lint(helm: str) -> None:
    """`helm lint --strict` finds nothing, with the defaults and with the documented values."""
    assert run(helm, "lint", "--strict", CHART_FOLDER).returncode == 0


@pytest.mark.parametrize("block", [BASE, *COMBINATIONS], ids=lambda block: f"line {block.line}")
def test_every_documented_combination_is_valid(block: Block, helm: str, tmp_path: Path) -> None:
    """Each block of docs/kubernetes.md and docs/bkmonitor.md, beside the first, passes lint and makes valid objects."""
    values = [BASE.text] if block is BASE else [BASE.text, block.text]
    assert_valid([*made(helm, tmp_path, *values).values()], tmp_path)
    paths = [word for number in range(len(values)) for word in ("--values", tmp_path / f"values-{number}.yaml")]
    done = run(helm, "lint", "--strict", CHART_FOLDER, *paths)
    assert done.returncode == 0, done.stdout
    assert "Fail" not in done.stdout + done.stderr


def test_a_wrong_object_would_be_found(tmp_path: Path) -> None:
    """The check above can fail."""
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"port": []}}
    with pytest.raises(AssertionError, match="port"):
        assert_valid([wrong], tmp_path)


def test_the_pod_trusts_nobody(helm: str, tmp_path: Path) -> None:
    """It fits the restricted pod security standard, and has a read-only root, no token and a limit of memory."""
    spec = pod(made(helm, tmp_path, BASE.text))
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == set(container["resources"])
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)


def test_the_configuration_arrives_as_it_was_given(helm: str, tmp_path: Path) -> None:
    """Also ids above a million, which Helm likes to write as 1.2e+06; the exporter loads it."""
    tasks = "\nconfig: {tasks: [{system: sops, bk_biz_id: 2, task_id: 12345678901}]}\n"
    objects = made(helm, tmp_path, BASE.text, tasks)
    (tmp_path / "bk_app_secret").write_text("s3cret-word", "utf-8")
    text = objects["ConfigMap"]["data"]["config.yaml"].replace("/run/secrets/bk-task-exporter", str(tmp_path))
    assert [task.task_id for task in loads(text, "config.yaml").tasks] == [12345678901]  # type: ignore[attr-defined]


def test_a_changed_configuration_or_secret_starts_new_pods(helm: str, tmp_path: Path) -> None:
    """The pods' annotations change with them, and with nothing else."""

    def annotations(*more: str) -> Any:
        objects = made(helm, tmp_path, BASE.text, block_of("### A Secret made by the chart"), *more)
        return objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]

    same, other = annotations("replicas: 3"), annotations("config: {collect: {cache_ttl: 20s}}")
    assert annotations() == same
    assert same["checksum/config"] != other["checksum/config"]
    assert same["checksum/secret"] == other["checksum/secret"]
    assert annotations("secret: {data: {bk_app_secret: another}}")["checksum/secret"] != same["checksum/secret"]


def test_shards_are_a_statefulset(helm: str, tmp_path: Path) -> None:
    """Each pod takes its part from its name, and is reached by it; a pod that is not ready is scraped all the same."""
    objects = made(helm, tmp_path, BASE.text, block_of("### More tasks than one process can read"))
    stateful, service = objects["StatefulSet"]["spec"], objects["Service"]
    (container,) = pod(objects, "StatefulSet")["containers"]
    assert "Deployment" not in objects
    assert (stateful["replicas"], stateful["serviceName"]) == (8, service["metadata"]["name"])
    assert "--shard=auto/8" in container["args"]
    assert {"name": "HOSTNAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in container["env"]
    assert (service["spec"]["clusterIP"], service["spec"]["publishNotReadyAddresses"]) == ("None", True)
    assert objects["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_the_operator_finds_the_service_under_the_name_that_the_rules_know(helm: str, tmp_path: Path) -> None:
    """The ServiceMonitor selects the Service, and job is the label that is bk-task-exporter."""
    objects = made(helm, tmp_path, BASE.text, block_of("### Prometheus operator, alerts and dashboards"))
    monitor, service = objects["ServiceMonitor"], objects["Service"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "bk-task-exporter"
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_rules_and_dashboards_are_the_projects_own(helm: str, tmp_path: Path) -> None:
    """Each file arrives whole."""
    done = template(helm, tmp_path, BASE.text, block_of("### Prometheus operator, alerts and dashboards"))
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    rules = [each["spec"] for each in objects if each["kind"] == "PrometheusRule"]
    sources = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "prometheus/rules").glob("*.yml"))]
    assert rules == sources
    texts = {name: text for each in objects if each["kind"] == "ConfigMap" for name, text in each["data"].items()}
    dashboards = {
        path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "grafana/dashboards").glob("*.json")
    }
    assert {name: json.loads(text) for name, text in texts.items() if name != "config.yaml"} == dashboards


def test_the_thresholds_of_a_site_take_the_place_of_ours(helm: str, tmp_path: Path) -> None:
    """The other rules stay."""
    rules = "prometheusRule: {enabled: true, thresholds: [{record: a, expr: vector(1)}]}"
    objects = made(helm, tmp_path, BASE.text, rules)
    thresholds = objects["PrometheusRule bk-task-exporter-thresholds"]["spec"]["groups"]
    assert [rule["record"] for group in thresholds for rule in group["rules"]] == ["a"]
    assert objects["PrometheusRule bk-task-exporter-alerts"]["spec"]["groups"][0]["rules"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("config: null", "config: missing; give the exporter's configuration"),
        ("existingConfigMap: mine", "config and existingConfigMap: only one of them can be given"),
        (
            'secret: {existing: ""}',
            "config.bkapi.auth.bk_app_secret_file: no Secret is given; name one with the key bk_app_secret in secret.existing",
        ),
        (
            'secret: {existing: "", data: {other: text}}',
            "config.bkapi.auth.bk_app_secret_file: secret.data has no key bk_app_secret",
        ),
        (
            """secret: {existing: ""}
config: {bkapi: {auth: null}, systems: {sops: {auth: {bk_app_secret_file: /run/secrets/bk-task-exporter/k}}}}""",
            "config.systems.sops.auth.bk_app_secret_file: no Secret is given; name one with the key k",
        ),
        ("secret: {data: {a: b}}", "secret.existing and secret.data: only one of them can be given"),
        ("{shards: 2, replicas: 2}", "shards and replicas: 2 shards are 2 pods; leave replicas at 1"),
    ],
)
def test_values_that_contradict_are_refused_in_one_line(values: str, said: str, helm: str, tmp_path: Path) -> None:
    """The line names the value and the cure."""
    lines = [line for line in refusal(helm, tmp_path, BASE.text, values).splitlines() if "Use --debug" not in line]
    assert len([line for line in lines if line]) == 1
    assert said in lines[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("replicas: one", "- replicas: Invalid type. Expected: integer, given: string"),
        ("shards: 0", "- shards: Must be greater than or equal to 1"),
        ("replica: 2", "- (root): Additional property replica is not allowed"),
        ("config: {bkapi: {tineout: 3s}}", "- config.bkapi: Additional property tineout is not allowed"),
    ],
)
def test_values_that_do_not_fit_the_schema_have_a_line(values: str, said: str, helm: str, tmp_path: Path) -> None:
    """The exporter's configuration is checked with them."""
    assert said in refusal(helm, tmp_path, BASE.text, values).splitlines()


# --- without Helm -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain() -> dict[str, Object]:
    """What `kubectl kustomize deploy/` makes."""
    done = run(programs.kubernetes("kubectl"), "kustomize", ROOT / "deploy")
    assert done.returncode == 0, done.stderr
    return by_kind(done.stdout)


def test_the_plain_manifests_are_valid(plain: dict[str, Object], tmp_path: Path) -> None:
    """Kubernetes takes them, and the exporter its configuration."""
    assert_valid([*plain.values()], tmp_path)
    (tmp_path / "bk_app_secret").write_text("s3cret-word", "utf-8")
    text = plain["ConfigMap"]["data"]["config.yaml"].replace("/run/secrets/bk-task-exporter", str(tmp_path))
    assert loads(text, "config.yaml").discover


def test_the_plain_pod_is_the_charts(plain: dict[str, Object], helm: str, tmp_path: Path) -> None:
    """Nobody has less for not having Helm."""
    ours, charts = copy.deepcopy(pod(plain)), pod(made(helm, tmp_path, BASE.text))
    ours["volumes"][0]["configMap"]["name"] = "bk-task-exporter"
    charts["containers"][0]["image"] = charts["containers"][0]["image"].rpartition("/")[2]
    assert ours == charts


def test_the_configuration_has_a_hash_in_its_name(plain: dict[str, Object]) -> None:
    """So a change of it starts new pods."""
    name = plain["ConfigMap"]["metadata"]["name"]
    assert name.startswith("bk-task-exporter-")
    assert pod(plain)["volumes"][0]["configMap"]["name"] == name
