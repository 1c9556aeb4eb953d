"""A simulated BlueKing: four task systems behind an API gateway and an ESB, alive, seeded and driven by a clock.

It is a counterpart of the exporter, not a mirror of it: nothing here may import the rest of the package.
"""
