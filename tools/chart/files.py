"""Chart.yaml and kustomization.yaml, which name the version, and the copies in the chart: Helm reads nothing else."""

from __future__ import annotations

from pathlib import Path

from exporter import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = "deploy/helm/bk-task-exporter"

CHART_YAML = f"""\
# Written by `make docs`: the version is that of exporter/__init__.py.
apiVersion: v2
name: bk-task-exporter
description: Prometheus exporter for the state of BlueKing tasks in bk-sops, BKFlow, nodeman and gsekit
type: application
version: {__version__}
appVersion: {__version__}
kubeVersion: ">=1.25.0-0"
keywords: [prometheus, exporter, blueking, bk-sops, bkflow, nodeman, gsekit]
"""

KUSTOMIZATION = f"""\
# Written by `make docs`: the version is that of exporter/__init__.py.
#
# Edit config.yaml, create the Secret that it tells of, then `kubectl apply -k deploy/`. What is your own (namespace,
# image, resources) belongs in a kustomization of yours that has this one under `resources`.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - plain/serviceaccount.yaml
  - plain/deployment.yaml
  - plain/service.yaml
  - plain/networkpolicy.yaml
labels:
  - pairs: {{app.kubernetes.io/name: bk-task-exporter, app.kubernetes.io/version: {__version__}}}
    includeTemplates: true
images:
  - {{name: bk-task-exporter, newTag: {__version__}}}
# Its name has a hash of the file in it, so that a change starts new pods.
configMapGenerator:
  - name: bk-task-exporter
    files: [config.yaml]
"""

#: Where the copies come from, by the folder below the chart's `files` that they go to.
SOURCES = {"rules": ("prometheus/rules", "*.yml"), "dashboards": ("grafana/dashboards", "*.json")}


def copies(root: Path = ROOT) -> dict[str, Path]:
    """Each copy's path in the project, and the file that it is a copy of."""
    return {
        f"{CHART}/files/{folder}/{source.name}": source
        for folder, (place, pattern) in SOURCES.items()
        for source in sorted((root / place).glob(pattern))
    }
