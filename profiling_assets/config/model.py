"""The config file as a whole: the pipeline's document and a document for each batch.

Put here: the top of the file, the batches and plates it asks for, questions about the whole.
Do not put here: the keys of a step (`sections`, `own_sections`), reading a file (`load`).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, cast

from pydantic import Field

from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.config.metadata_sections import (
    AnnotateConfig,
    BatchControlsConfig,
    ControlsConfig,
)
from profiling_assets.config.own_sections import ArrivalConfig, CollateConfig, OptionsConfig
from profiling_assets.config.quality_sections import QualityControlConfig
from profiling_assets.config.recipe_steps import Step
from profiling_assets.config.sections import (
    AggregateConfig,
    FeatureSelectConfig,
    NormalizeConfig,
)
from profiling_assets.config.types import (
    Complaint,
    Flag,
    Kind,
    Name,
    Section,
    Text,
    is_placeholder,
    listed_twice,
)
from profiling_assets.workspace.names import PlateKey, name_problem


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
    controls: BatchControlsConfig = Field(
        default_factory=BatchControlsConfig,
        description="Other controls for this batch (our own section).",
    )

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


class PipelineConfig(Section):
    """The first document: how each step is done."""

    pipeline: Text = Field(description="A name for this config; it influences nothing.")
    output_dir: Text = Field(
        default="profiles",
        description="Folder of the profiles in the workspace. The public layout has `profiles`, "
        "and nothing else is accepted.",
    )
    platemap_well_column: Text = Field(
        default="Metadata_well_position",
        description="Column of the plate map with the well, with Metadata_ before its name.",
    )
    compartments: Annotated[tuple[str, ...] | None, Kind("a list of compartments", "verbatim")] = (
        Field(
            default=None,
            description="Compartments to aggregate, as cells, cytoplasm, nuclei; without the key: "
            "those found in the files.",
        )
    )
    options: OptionsConfig = Field(
        default_factory=OptionsConfig, description="How files are written."
    )
    collate: CollateConfig = Field(
        default_factory=CollateConfig,
        description="From CellProfiler's CSVs to the backend (our own section).",
    )
    arrival: ArrivalConfig = Field(
        default_factory=ArrivalConfig,
        description="When a plate that is being delivered is started by itself (our own section); "
        "it changes no result.",
    )
    aggregate: AggregateConfig = Field(
        default_factory=lambda: AggregateConfig(perform=False),
        description="From single cells to one profile for each well.",
    )
    annotate: AnnotateConfig = Field(
        default_factory=lambda: AnnotateConfig(perform=False),
        description="The plate map's columns join the profiles.",
    )
    controls: ControlsConfig = Field(
        default_factory=ControlsConfig,
        description="Which wells are controls (our own section).",
    )
    normalize: NormalizeConfig = Field(
        default_factory=lambda: NormalizeConfig(perform=False),
        description="A common scale, fitted on all wells of the plate.",
    )
    normalize_negcon: NormalizeConfig = Field(
        default_factory=lambda: NormalizeConfig(perform=False),
        description="A common scale, fitted on the negative controls of the plate "
        "(controls.negative).",
    )
    feature_select: FeatureSelectConfig = Field(
        default_factory=lambda: FeatureSelectConfig(perform=False),
        description="The features that are kept of the profiles normalized on all wells.",
    )
    feature_select_negcon: FeatureSelectConfig = Field(
        default_factory=lambda: FeatureSelectConfig(perform=False),
        description="The features that are kept of the profiles normalized on the controls.",
    )
    quality_control: QualityControlConfig = Field(
        default_factory=lambda: QualityControlConfig(perform=False),
        description="Quality control of the plates.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if self.output_dir != "profiles":
            what = f"is {self.output_dir}, and the public layout has the profiles in `profiles`"
            yield "output_dir", what, "write profiles, or leave the key out"
        if self.compartments is None:
            return
        lower = [name.lower() for name in self.compartments]
        yield from listed_twice("compartments", lower)
        if not lower:
            yield "compartments", "is empty", "list them, or leave the key out to take all"
        if "image" in lower:
            yield "compartments", "lists image, which holds sites and no objects", "take it out"
        for name in self.compartments:
            problem = name_problem(name)
            if problem:
                what = f"lists {name!r}, which cannot name a table: {problem}"
                yield "compartments", what, "write its name as the CSV file has it"


class Config(PipelineConfig):
    """A config file: every step, and the batches and plates it asks for."""

    batches: tuple[BatchConfig, ...] = Field(
        default=(), description="The batch documents; none takes the whole workspace."
    )
    path: str = Field(default="config", description="Where the text came from.")
    lines: Mapping[str, int] = Field(
        default_factory=dict,
        repr=False,
        description="Line of each dotted key, of `batches/BATCH` and `batches/BATCH/PLATE`.",
    )

    @property
    def aggregation(self) -> AggregateOptions:
        """How to aggregate: by the section `aggregate` where it is on, else by `collate`."""
        if not self.aggregate.perform:
            return AggregateOptions(
                method=self.collate.method,
                image_feature_categories=self.collate.image_feature_categories,
                compartments=self.compartments,
            )
        rules = self.aggregate
        return AggregateOptions(
            method=rules.method,
            plate_column=rules.plate_column,
            well_column=rules.well_column,
            site_column=rules.site_column,
            strata=rules.strata,
            fields=rules.fields,
            object_feature=rules.object_feature,
            image_feature_categories=rules.image_feature_categories,
            compartments=self.compartments,
        )

    def controls_of(self, batch: str) -> ControlsConfig:
        """Return which wells of a batch are controls.

        Parameters
        ----------
        batch : str
            The batch's name.

        Returns
        -------
        ControlsConfig
            What its document says, else the section `controls`.
        """
        own = next((entry.controls for entry in self.batches if entry.batch == batch), None)
        if own is None:
            return self.controls
        return ControlsConfig(
            negative=own.negative or self.controls.negative,
            positive=own.positive or self.controls.positive,
        )

    def performs(self, step: Step) -> bool:
        """Say whether this config asks for a step.

        Parameters
        ----------
        step : Step
            The step.

        Returns
        -------
        bool
            False where later steps adopt the file that is there. Aggregation is always asked for:
            `aggregate.perform` only says which section rules it.
        """
        quality = self.quality_control
        summary = quality.perform and quality.summary.perform
        heatmap = quality.perform and quality.heatmap.perform
        report = quality.perform and quality.report.perform
        select, negcon = self.feature_select, self.feature_select_negcon
        return {
            Step.COLLATE: not self.collate.aggregate_only,
            Step.AGGREGATE: True,
            Step.ANNOTATE: self.annotate.perform,
            Step.NORMALIZE: self.normalize.perform,
            Step.NORMALIZE_NEGCON: self.normalize_negcon.perform,
            Step.SELECT: select.perform,
            Step.FEATURE_SELECT: select.perform,
            Step.SELECT_NEGCON: negcon.perform,
            Step.FEATURE_SELECT_NEGCON: negcon.perform,
            Step.STACK: select.perform and select.gct,
            Step.STACK_NEGCON: negcon.perform and negcon.gct,
            Step.SITES: summary,
            Step.SUMMARY: summary,
            Step.CELL_COUNTS: heatmap,
            Step.CORRELATIONS: heatmap,
            Step.PLATE_REPORT: report,
            Step.BATCH_REPORT: report,
        }[step]

    def where(self, key: str | PlateKey) -> str:
        """Return file and line of a dotted key, a batch (`batches/BATCH`) or a plate.

        Parameters
        ----------
        key : str or PlateKey
            What to look for.

        Returns
        -------
        str
            `config.yml:14`, or the file alone where the line is not known.
        """
        line = self.lines.get(f"batches/{key}" if isinstance(key, PlateKey) else key)
        return self.path if line is None else f"{self.path}:{line}"

    def problems_before_run(self) -> tuple[str, ...]:
        """Name what must be edited before anything can be computed.

        A template is a valid file: it must load so that it can be shown, checked and edited, and
        so must the recipe's own, which switches external metadata on over a placeholder. What such
        a file asks for cannot be computed, though; whoever is about to compute asks here first.

        Returns
        -------
        tuple of str
            One sentence for each problem with file, line, key and remedy; empty where it can run.
        """
        return tuple(self._placeholders(self, "")) + tuple(self._batch_problems())

    def _placeholders(self, section: Section, prefix: str) -> Iterator[str]:
        if getattr(section, "perform", True) is False:
            return
        for key in type(section).model_fields:
            value: object = getattr(section, key)
            dotted = f"{prefix}{key}"
            if isinstance(value, Section):
                yield from self._placeholders(value, f"{dotted}.")
                continue
            values = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
            for entry in values if dotted != "batches" else ():
                if isinstance(entry, Section):
                    yield from self._placeholders(entry, f"{dotted}.")
            if dotted not in {"pipeline", "path", "batches"} and any(map(is_placeholder, values)):
                shown = next(v for v in values if is_placeholder(v))
                remedy = f", or set {prefix}perform: false" if hasattr(section, "perform") else ""
                yield (
                    f"{self.where(dotted)}: {dotted} is still the placeholder {shown}; "
                    f"write what is meant{remedy}"
                )

    def _batch_problems(self) -> Iterator[str]:
        asked = 0
        for batch in (b for b in self.batches if b.process):
            if is_placeholder(batch.batch):
                where = self.where(f"batches/{batch.batch}")
                yield f"{where}: batch is still the placeholder {batch.batch}; name the batch"
            for plate in (p for p in batch.plates if p.process):
                asked += 1
                if is_placeholder(plate.name):
                    where = self.where(PlateKey(batch.batch, plate.name))
                    yield f"{where}: a plate is still the placeholder {plate.name}; name the plate"
        if self.batches and not asked:
            yield (
                f"{self.path}: no plate is asked for, as every batch or plate has process: false; "
                "set process: true, or leave every batch document out for the whole workspace"
            )
