"""The batch documents of the config file: which plates are asked for.

Put here: the keys of a batch document.
Do not put here: what that means for the plates of a workspace (`profiling_assets.config.plates_asked_for`).
"""

from collections.abc import Iterator

from pydantic import Field

from profiling_assets.config.types import Complaint, Flag, Name, Section


class PlateConfig(Section):
    """A plate that a batch document names."""

    name: Name = Field(description="The plate's name, verbatim: 000123 stays 000123.")
    process: Flag = Field(default=True, description="Whether the plate is asked for.")


class BatchConfig(Section):
    """A document that names a batch and its plates."""

    batch: Name = Field(description="The batch's name, verbatim.")
    plates: tuple[PlateConfig, ...] = Field(
        default=(), description="The batch's plates; needed unless process is false."
    )
    process: Flag = Field(default=True, description="Whether the batch is asked for.")

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if self.process and not self.plates:
            remedy = "list the plates, or set process: false"
            yield "plates", "is missing or empty", remedy
        first = dict[str, int]()
        for number, plate in enumerate(self.plates, start=1):
            earlier = first.setdefault(plate.name, number)
            if earlier != number:
                what = f"is {plate.name}, which plates[{earlier}] of batch {self.batch} is already"
                yield f"plates[{number}].name", what, "name a plate once"
