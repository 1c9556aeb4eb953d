"""The BlueKing systems that can be asked: a fifth one is a module beside these, and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.systems import bkflow, gsekit, nodeman, sops
from exporter.systems.base import System

SYSTEMS: Mapping[str, System] = {
    sops.NAME: sops,
    bkflow.NAME: bkflow,
    nodeman.NAME: nodeman,
    gsekit.NAME: gsekit,
}
