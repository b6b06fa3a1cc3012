"""The results so far: counts and a few masked examples, never whole responses."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.differences import DifferenceKind
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.latencies import LatencyHistogram, Timeline
from passport_scorer.tools.shadow.severity import DifferenceSeverity

MOST_EXAMPLES = 5


class Example(msgspec.Struct, frozen=True):
    """One occurrence of a difference, masked.

    Attributes:
        time: the time of the request, in seconds since 1970; None for rows, or if not recorded.
        request: the method and path, or the key of a row.
        pointer: the JSON pointer.
        control: the control's value.
        candidate: the candidate's value.
    """

    time: float | None
    request: str
    pointer: str
    control: str
    candidate: str


class DifferenceClass(msgspec.Struct):
    """All differences of one kind at one location of one endpoint."""

    endpoint: str
    part: Part
    pattern: str
    kind: DifferenceKind
    rule: str | None
    severity: DifferenceSeverity
    danger: str
    count: int = 0
    exchanges: int = 0
    first: float | None = None
    last: float | None = None
    timeline: Timeline = msgspec.field(default_factory=Timeline)
    examples: list[Example] = []


class EndpointTally(msgspec.Struct):
    """The results for one endpoint or table.

    Attributes:
        compared: the number of exchanges, or row keys, compared.
        same: those without any difference.
        expected: those with expected differences only.
        different: those with unexplained differences.
        errors: exchanges in which the control responded with an error.
        slower: exchanges in which only the candidate was slow.
        faster: exchanges in which only the control was slow.
    """

    compared: int = 0
    same: int = 0
    expected: int = 0
    different: int = 0
    errors: int = 0
    slower: int = 0
    faster: int = 0
    control: LatencyHistogram = msgspec.field(default_factory=LatencyHistogram)
    candidate: LatencyHistogram = msgspec.field(default_factory=LatencyHistogram)
    slow_examples: list[Example] = []
    slow_first: float | None = None
    slow_last: float | None = None
    slow_timeline: Timeline = msgspec.field(default_factory=Timeline)


class Tally(msgspec.Struct):
    """The results that a report is made from.

    Attributes:
        began: the start, in seconds since 1970.
        busy: seconds spent so far, including earlier runs that were resumed.
        endpoints: template or table -> its results.
        classes: key -> a class of differences, including expected ones.
        rules: name -> the number of differences it matched.
        notes: other events, such as requests that were not mirrored -> their number.
        traffic: all exchanges over time.
        first_difference: the first unexplained difference.
    """

    began: float
    busy: float = 0.0
    endpoints: dict[str, EndpointTally] = {}
    classes: dict[str, DifferenceClass] = {}
    rules: dict[str, int] = {}
    notes: dict[str, int] = {}
    traffic: Timeline = msgspec.field(default_factory=Timeline)
    first_difference: Example | None = None
    first_class: str | None = None

    def note(self, what: str, count: int = 1) -> None:
        """Count an event that is neither a match nor a difference."""
        self.notes[what] = self.notes.get(what, 0) + count

    @property
    def compared(self) -> int:
        """The number of exchanges or keys compared."""
        return sum(each.compared for each in self.endpoints.values())

    @property
    def different(self) -> int:
        """The number of exchanges or keys with an unexplained difference."""
        return sum(each.different for each in self.endpoints.values())
