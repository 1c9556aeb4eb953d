"""The configuration: YAML text -> every problem in it, or a frozen Config."""

from exporter.config.credentials import Credentials
from exporter.config.secret import Secret, Setting
from exporter.config.types import Collect, Config, Probe, SystemConfig, Tls

__all__ = ["Collect", "Config", "Credentials", "Probe", "Secret", "Setting", "SystemConfig", "Tls"]
