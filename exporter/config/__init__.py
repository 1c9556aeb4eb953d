"""The configuration: YAML text -> every problem in it, or a frozen Config."""

from exporter.config.credentials import Credentials
from exporter.config.load import load, loads, parse_task
from exporter.config.mask import masked
from exporter.config.secret import Secret, Setting
from exporter.config.tls import Tls
from exporter.config.types import Collect, Config, Probe, SystemConfig

__all__ = [
    "Collect",
    "Config",
    "Credentials",
    "Probe",
    "Secret",
    "Setting",
    "SystemConfig",
    "Tls",
    "load",
    "loads",
    "masked",
    "parse_task",
]
