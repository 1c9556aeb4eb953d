"""The BlueKing systems that can be asked. A fifth one is, for the exporter, a module beside these and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.systems import bkflow, gsekit, nodeman, sops
from exporter.systems.base import DiscoverParams, System
from exporter.systems.listing import Listing

SYSTEMS: Mapping[str, System] = {
    sops.NAME: sops,
    bkflow.NAME: bkflow,
    nodeman.NAME: nodeman,
    gsekit.NAME: gsekit,
}


def listing_of(discover: DiscoverParams) -> Listing:
    """The list that these are parameters of."""
    listing = SYSTEMS[discover.place.system].LISTING
    assert listing is not None  # noqa: S101 (a system without a list has no such parameters)
    return listing
