"""The report of a batch, from the reports of its plates.

Put here: which plates are in it, which pictures are shown side by side.
Do not put here: the layout of the page (`core.report`), what is known of a plate (`steps.report`).
"""

from profiling_assets.quality.report.facts import BatchFacts, PlateFacts, facts_of_page
from profiling_assets.quality.report.page import batch_page, data_uri, link
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import MadePage
from profiling_assets.steps.quality_results import BATCH_REPORT, CELL_COUNTS
from profiling_assets.steps.report_inputs import Reader, provenance
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey

_PICTURES = ("site_completeness", "cell_count", "position_effect", "controls")


def batch_report(catalog: Catalog, batch: str) -> MadePage:
    """Write the report of a batch.

    Parameters
    ----------
    catalog : Catalog
        Workspace, plates and graph.
    batch : str
        The batch.

    Returns
    -------
    MadePage
        The page, with a row for every plate, also for those of which nothing can be said.
    """
    cohort = catalog.cohort
    without = {
        k.plate: f"excluded: {why}" for k, why in cohort.excluded.items() if k.batch == batch
    }
    without |= {k.plate: "not in the workspace" for k in cohort.absent if k.batch == batch}
    reader = Reader(catalog.workspace)
    plates: list[PlateFacts] = []
    pictures: dict[str, dict[str, str]] = {}
    keys = sorted(key for key in cohort.plates if key.batch == batch)
    for key in keys:
        facts = _facts(reader, key)
        if facts is None:
            without[key.plate] = "it has no report yet"
            continue
        plates.append(facts)
        pictures[key.plate] = _pictures(catalog, reader, key, plates=len(keys))
    # lists of one plate each are in the plates' own reports
    lists = {s.path: s for facts in plates for s in facts.selections if s.level != "plate"}
    facts = BatchFacts(
        batch,
        tuple(plates),
        dict(sorted(without.items())),
        tuple(lists.values()),
        provenance(reader, catalog, BATCH_REPORT),
    )
    links = {one.plate: link(".", one.plate, f"{one.plate}.html") for one in plates}
    return MadePage(
        layout.BATCH_REPORT.format(batch=batch),
        batch_page(facts, pictures, links),
        {
            "plates": len(plates),
            "plates_without_report": len(without),
            "plates_to_be_looked_at": sum(bool(one.warnings) for one in plates),
        },
    )


def _facts(reader: Reader, key: PlateKey) -> PlateFacts | None:
    path = layout.PLATE_REPORT.format(batch=key.batch, plate=key.plate)
    return facts_of_page(reader.content(path)) if reader.exists(path) else None


def _pictures(catalog: Catalog, reader: Reader, key: PlateKey, *, plates: int) -> dict[str, str]:
    from profiling_assets.quality.pictures.draw import thumbnail  # loads matplotlib

    if CELL_COUNTS not in catalog.results:
        return {}
    paths = {name: layout.quality_picture(key, name) for name in _PICTURES}
    return {
        name: data_uri(*thumbnail(reader.content(path), plates * len(_PICTURES)))
        for name, path in paths.items()
        if reader.exists(path)
    }
