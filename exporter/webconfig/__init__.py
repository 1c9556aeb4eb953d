"""`--web.config.file`: who may talk to our doors, and how, in the format of Prometheus' exporter-toolkit.

Source: exporter-toolkit, docs/web-configuration.md; what it leaves open is done as its web/tls_config.go and
web/handler.go do.
"""

from exporter.webconfig.load import WebConfig, load
from exporter.webconfig.server import ServerTls
from exporter.webconfig.watch import Watched

__all__ = ["ServerTls", "Watched", "WebConfig", "load"]
