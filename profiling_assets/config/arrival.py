"""Our section `config.arrival`: when a plate that is being delivered may be started.

Put here: its keys, their types, defaults and meaning.
Do not put here: the decision itself (`profiling_assets.workspace.arrivals`).
It rules when work starts and never what comes out, so it is in no step's part (`config.step_keys`).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from profiling_assets.config.types import Complaint, Kind, Name, Section
from profiling_assets.workspace.arrivals import ArrivalRules, CompleteWhen

_WHEN = "expected_sites or quiet_period"
_SPAN = "a number, 0 or more"
_MOST_DAYS = 366
_LONGEST = _MOST_DAYS * 24 * 60.0  # minutes

When = Annotated[Literal["expected_sites", "quiet_period"], Kind(_WHEN)]
OptionalWhen = Annotated[Literal["expected_sites", "quiet_period"] | None, Kind(_WHEN)]
Span = Annotated[float, Field(ge=0, allow_inf_nan=False), Kind(_SPAN)]
OptionalSpan = Annotated[float | None, Field(ge=0, allow_inf_nan=False), Kind(_SPAN)]


class BatchArrivalConfig(Section):
    """Other rules for one batch."""

    batch: Name = Field(description="The batch's name, verbatim.")
    complete_when: OptionalWhen = Field(
        default=None, description="As arrival.complete_when, for this batch."
    )
    quiet_minutes: OptionalSpan = Field(
        default=None, description="As arrival.quiet_minutes, for this batch."
    )
    settle_seconds: OptionalSpan = Field(
        default=None, description="As arrival.settle_seconds, for this batch."
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _too_long(self.quiet_minutes, self.settle_seconds)


class ArrivalConfig(Section):
    """When the sensor `new_analysis_output` starts a plate."""

    complete_when: When = Field(
        default="expected_sites",
        description="What makes a plate complete. expected_sites: every site of its load data has "
        "its folder with Image.csv and the tables that most of the plate's sites have; a plate "
        "without load data waits for the quiet period. quiet_period: nothing changed for "
        "quiet_minutes, whatever is missing.",
    )
    quiet_minutes: Span = Field(
        default=60.0, description="How long nothing may have changed for a quiet period."
    )
    settle_seconds: Span = Field(
        default=60.0,
        description="How long nothing may have changed on a plate with all its sites, as a site "
        "that is delivered again comes file by file.",
    )
    batches: tuple[BatchArrivalConfig, ...] = Field(
        default=(), description="Batches with other rules; what an entry leaves out is as above."
    )

    def rules(self, batch: str) -> ArrivalRules:
        """Return the rules of a batch's plates.

        Parameters
        ----------
        batch : str
            The batch's name.

        Returns
        -------
        ArrivalRules
            Those of its entry, else the section's.
        """
        own = next((entry for entry in self.batches if entry.batch == batch), None)
        when, minutes, seconds = self.complete_when, self.quiet_minutes, self.settle_seconds
        if own is not None:
            when = when if own.complete_when is None else own.complete_when
            minutes = minutes if own.quiet_minutes is None else own.quiet_minutes
            seconds = seconds if own.settle_seconds is None else own.settle_seconds
        return ArrivalRules(CompleteWhen(when), minutes, seconds)

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _too_long(self.quiet_minutes, self.settle_seconds)
        first = dict[str, int]()
        for number, entry in enumerate(self.batches, start=1):
            earlier = first.setdefault(entry.batch, number)
            if earlier != number:
                what = f"is {entry.batch}, which batches[{earlier}] is already"
                yield f"batches[{number}].batch", what, "name a batch once"


def _too_long(minutes: float | None, seconds: float | None) -> Iterator[Complaint]:
    for key, value, longest in (
        ("quiet_minutes", minutes, _LONGEST),
        ("settle_seconds", seconds, 60 * _LONGEST),
    ):
        if value is not None and value > longest:
            yield key, f"is {value:g}, which is more than {_MOST_DAYS} days", "write a shorter time"
