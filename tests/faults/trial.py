"""One fault tried out: a page before, one while it lasts, one after."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.catalogue import Fault
from tests.faults.stage import MAX_CONNECTIONS, SCRAPE_TIMEOUT, Key, Seen, Stage
from tools.processes import until


@dataclass(frozen=True, slots=True)
class Trial:
    """What the fault did to what was `before`. `asked` is how many requests it met."""

    fault: Fault
    before: Seen
    during: Seen
    after: Seen
    asked: int

    def problems(self) -> list[str]:
        """What should not be, in words."""
        fault, during = self.fault, self.during
        found = {
            f"lost {sorted(during.lost ^ fault.lost)} more or less": during.lost == fault.lost,
            f"reasons {sorted(during.why)}": during.reasons <= {*fault.reasons},
            f"the page took {during.seconds:.2f} s": during.seconds < SCRAPE_TIMEOUT,
            f"the page after it lost {sorted(self.after.lost)}": fault.lasts or not self.after.lost,
            f"shows {sorted(self._untrue())} otherwise": not self._untrue(),
            f"asked {self.asked} times": fault.asked is None or self.asked <= fault.asked,
        }
        return [problem for problem, fine in found.items() if not fine]

    def _untrue(self) -> set[Key]:
        """Tasks in a state that they have never been in."""
        pages = (self.during.states, self.after.states)
        return {key for page in pages for key, state in page.items() if state != self.before.states[key]}


def try_out(stage: Stage, fault: Fault) -> Trial:
    """Let a fault happen, and end; raises AssertionError where it leaves connections behind."""
    if stage.last is None or stage.last.lost:
        until(stage.scrape, lambda seen: not seen.lost)
    before, link = stage.last, stage.links[fault.system]
    assert before is not None
    with fault.do(stage):
        during = stage.scrape()
        asked = link.met
    after = stage.scrape()
    for system, each in stage.links.items():
        assert each.connections <= MAX_CONNECTIONS, (system, each.connections)
    return Trial(fault, before, during, after, asked)
