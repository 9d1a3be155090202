"""Jobs: work that is started by hand and makes no asset.

Put here: the job that publishes results into a data repository's clone.
Do not put here: what is published (`workspace.public_files`), the order of it
(`publish.destinations`).
A job and not an asset: a repository is nobody's input here, and as what is pushed leaves the house,
a person starts it. Concept: https://docs.dagster.io/guides/build/jobs/op-jobs
"""

from typing import Any

import dagster as dg
from pydantic import Field

from profiling_assets import __version__
from profiling_assets.errors import ProfilingError
from profiling_assets.publish.clone import open_clone
from profiling_assets.publish.destinations import publish_to_clone
from profiling_assets.publish.wish import Publication, Wish
from profiling_assets.publish.words import copied_line, lines_of
from profiling_assets.steps.catalog import Catalog
from profiling_assets.workspace.copying import ComparedFile
from profiling_assets.workspace.public_files import Limits

PUBLISH = "publish"
_MEGABYTE = 1_000_000


class PublishConfig(dg.Config):
    """What the launchpad asks for."""

    data_repository: str = Field(
        description="Folder of the data repository's clone, on the machine that runs the job."
    )
    batches: list[str] = Field(
        default_factory=list[str], description="Only these batches; none means all."
    )
    branch: str = Field(
        default="", description="Stop unless this branch is checked out; empty takes any."
    )
    push: bool = Field(default=True, description="Whether to push what is committed.")
    dry_run: bool = Field(
        default=False, description="Say what would be published, and change nothing."
    )
    limit_mb: float = Field(
        default=100.0, ge=0, description="Refuse larger files that are not with Git LFS."
    )
    warn_mb: float = Field(
        default=50.0, ge=0, description="Name larger files that are not with Git LFS."
    )


def publish_job(catalog: Catalog) -> dg.JobDefinition:
    """Return the job that publishes results; its log says what became of each file."""

    @dg.op(name="publish_results", out=dg.Out(dg.Nothing))
    def publish_results(context: dg.OpExecutionContext, config: PublishConfig) -> None:
        def tell(one: ComparedFile) -> None:
            line = copied_line(one, dry_run=config.dry_run)
            if line is not None:
                context.log.info(line)

        try:
            clone = open_clone(config.data_repository)
            done = publish_to_clone(catalog.workspace, clone, _wish(catalog, config), tell)
        except ProfilingError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        for line in lines_of(done, dry_run=config.dry_run):
            context.log.info(line)
        context.add_output_metadata(_metadata(done))
        if done.problems:
            raise dg.Failure("\n".join(map(str, done.problems)), allow_retries=False)

    @dg.job(
        name=PUBLISH,
        description="Copies profiles, gct, quality control, configs, plate maps, load data and "
        "ledgers into the clone of a data repository, commits and pushes what changed.",
    )
    def publish() -> None:
        publish_results()

    return publish


def _wish(catalog: Catalog, config: PublishConfig) -> Wish:
    return Wish(
        version=__version__,
        batches=tuple(config.batches),
        config=catalog.settings.config,
        branch=config.branch or None,
        push=config.push,
        limits=Limits(int(config.limit_mb * _MEGABYTE), int(config.warn_mb * _MEGABYTE)),
        dry_run=config.dry_run,
    )


def _metadata(done: Publication) -> dict[str, Any]:
    changed = [one for one in done.compared if one.differs]
    return {
        "files_published": len(changed),
        "bytes_published": sum(one.size for one in changed),
        "files_the_same": len(done.compared) - len(changed),
        "files_not_published": len(done.plan.staying),
        "files_no_longer_there": len(done.gone),
        **({} if done.commit is None else {"commit": done.commit}),
        **({} if done.upstream is None else {"upstream": done.upstream}),
    }
