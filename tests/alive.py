"""What is alive in this process: what grows there without end is a leak."""

import gc
from collections import Counter


def alive() -> Counter[str]:
    """How many objects there are of each of the exporter's own types."""
    gc.collect()
    types = (type(each) for each in gc.get_objects())
    return Counter(each.__qualname__ for each in types if str(each.__module__).startswith("exporter."))
