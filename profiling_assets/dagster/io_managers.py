"""IO managers: results go to and come from their public paths in the workspace.

Put here: how a result's value becomes files under their final names, and back.
Do not put here: how bytes are published (`storage`), what is in a table (`steps`).
A manager for each kind of `Output`: a profile table is made in memory, a backend is a file of many
gigabytes that never is. https://docs.dagster.io/guides/build/io-managers
What needs pandas is imported where it is used: the graph is loaded without it.
"""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import dagster as dg

from profiling_assets.dagster.announcer import Announcer
from profiling_assets.dagster.metadata import (
    CONFIG_HASH,
    FULL_PRECISION,
    content_metadata,
    file_metadata,
    origin_of,
    page_metadata,
    path_metadata,
)
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.journal import HEAD_BYTES, announced_lookup, intent_of
from profiling_assets.steps.outputs import (
    ANYTHING,
    TAKEN_OVER,
    FileOutput,
    Kept,
    Output,
    OutputWithCompanions,
    PageOutput,
    PicturesOutput,
    SharedFileOutput,
    Stored,
    TableOutput,
)
from profiling_assets.steps.provenance import (
    FileMark,
    file_mark,
    is_told_of,
    tell_foreign,
    tell_origin,
)
from profiling_assets.steps.results import result_path
from profiling_assets.steps.sources import content_hash, table_hash
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace

# in an asset's metadata, with `{batch}` and `{plate}`
PATH_TEMPLATE = "path_template"
FULL_PRECISION_TEMPLATE = "full_precision_path_template"


def _is_frame(wanted: Any) -> bool:
    # by its name: nobody imports pandas for the question alone
    named = (getattr(wanted, "__module__", ""), getattr(wanted, "__qualname__", ""))
    return named == ("pandas", "DataFrame")


class WorkspaceIOManager(dg.IOManager):
    """What the managers share: paths, ledgers, and lazy loading."""

    def __init__(self, catalog: Catalog, announcer: Announcer) -> None:
        self._catalog = catalog
        self._announcer = announcer

    @property
    def _workspace(self) -> Workspace:
        return self._catalog.workspace

    def load_input(self, context: dg.InputContext) -> object:
        """Hand over the upstream result of this partition, or of all mapped partitions.

        An input annotated as a dict gets one entry a partition, also where there is one only. The
        entries are `Stored`, read when they are asked for; an input annotated with `DataFrame`, as
        somebody's own asset has it, gets the tables themselves.
        """
        upstream = context.upstream_output
        template = str((upstream.definition_metadata if upstream else {})[PATH_TEMPLATE])
        stored = {
            partition: Stored(
                workspace=self._workspace,
                path=result_path(template, partition),
                asset=context.asset_key.to_user_string(),
                partition=partition,
            )
            for partition in context.asset_partition_keys
        }
        wanted: Any = context.dagster_type.typing_type
        of_several = get_origin(wanted) is dict
        if _is_frame(get_args(wanted)[1] if of_several else wanted):
            values = {partition: one.frame() for partition, one in stored.items()}
        else:
            values = stored
        if of_several:
            return values
        (only,) = values.values()
        return only

    def _publish_companions(self, value: OutputWithCompanions) -> dict[str, FileMark]:
        from profiling_assets.profiles.tables import ledger_tsv

        tables = {path: ledger_tsv(ledger) for path, ledger in value.ledgers.items()}
        marks = {path: self._publish(content, path) for path, content in tables.items()}
        for path, local in value.files.items():
            marks[path] = FileMark(self._workspace.publish_file(local, path).size)
        return marks

    def _publish(self, content: bytes, path: str) -> FileMark:
        self._workspace.publish_bytes(content, path)
        return file_mark(content)

    def _path(self, context: dg.OutputContext, template: str = PATH_TEMPLATE) -> str:
        return result_path(str(context.definition_metadata[template]), context.partition_key)

    def _announce(
        self,
        context: dg.OutputContext,
        head: bytes,
        *,
        size: int | None = None,
        path: str = "",
        beside: Mapping[str, bytes] = {},
    ) -> None:
        """Say what is to be published: a run that dies before its record leaves no stranger."""
        asset, partition = context.asset_key.to_user_string(), context.partition_key
        main = path or self._path(context)
        self._announcer.announce(
            intent_of(asset, partition, main, head, size=size),
            *(intent_of(asset, partition, one, beside[one], main=main) for one in beside),
        )

    def _describe(
        self,
        context: dg.OutputContext,
        info: ObjectInfo,
        value: Output,
        beside: Mapping[str, FileMark],
        content: bytes | None = None,
    ) -> None:
        for warning in value.warnings:
            context.log.warning(warning)
        compared = "" if content is None or isinstance(value, PicturesOutput) else content
        hashed = content_hash(compared) if compared else ""
        context.add_output_metadata(
            {**file_metadata(self._workspace, info), **content_metadata(hashed)}
        )
        mark = FileMark(info.size) if content is None else file_mark(content)
        self._tell_origin(context, info.path, mark, beside)

    def _tell_origin(
        self, context: dg.OutputContext, path: str, mark: FileMark, beside: Mapping[str, FileMark]
    ) -> None:
        """Say from what the file was made: after it, as an entry is about one content of it."""
        result = self._catalog.results[context.asset_key.to_user_string()]
        origin = origin_of(result, context.output_metadata, mark, beside)
        if origin is not None and is_told_of(path):
            context.add_output_metadata({CONFIG_HASH: dg.MetadataValue.text(origin.config)})
            tell_origin(self._workspace, result.level, context.partition_key, {path: origin})

    def _keep(self, context: dg.OutputContext, kept: Kept) -> None:
        info = self._workspace.stat(kept.path)
        if info is None:  # it stood when the step looked
            message = f"{kept.path} disappeared while the step ran; materialize again"
            raise dg.DagsterInvariantViolationError(message)
        reason = "was not made here" if kept.recorded is None else "cannot be made anew"
        context.log.info(f"{kept.path} {reason} and its inputs are unchanged: kept as is")
        content = table_hash(self._workspace, kept.path)
        context.add_output_metadata(
            {**file_metadata(self._workspace, info), **content_metadata(content)}
        )
        if kept.recorded is None:
            level = self._catalog.results[context.asset_key.to_user_string()].level
            tell_foreign(self._workspace, level, context.partition_key, [kept.path])


class TableIOManager(WorkspaceIOManager):
    """Profile tables and ledgers: csv, csv.gz, tsv, gct, and copies where the config asks."""

    def handle_output(self, context: dg.OutputContext, obj: TableOutput | Kept) -> None:
        """Publish a table, its ledgers first."""
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        path, content = self._path(context), self._content(context, obj)
        full = self._full_precision(context, obj)
        self._announce(context, content, beside=full)
        beside = self._publish_companions(obj)
        beside |= {copy: self._publish(text, copy) for copy, text in full.items()}
        beside |= self._publish_copies(path, content, kept=str(obj.facts.get(TAKEN_OVER)))
        info = self._workspace.publish_bytes(content, path)
        self._describe(context, info, obj, beside, content)

    def _publish_copies(self, path: str, content: bytes, *, kept: str) -> dict[str, FileMark]:
        from profiling_assets.profiles.formats import COPIES
        from profiling_assets.profiles.tables import read_profiles

        asked = [form for form in self._catalog.config.options.formats if form in COPIES]
        if not asked or not path.endswith((".csv", ".csv.gz")):
            return {}
        frame = read_profiles(content, path=path)  # what the text says, so that either may be read
        name = path.removesuffix(".gz").removesuffix(".csv")
        copies = {f"{name}.{form}": COPIES[form](frame) for form in asked}
        # a file that was taken over is no copy, and stays as it was made
        return {
            copy: self._publish(written, copy) for copy, written in copies.items() if copy != kept
        }

    def _full_precision(self, context: dg.OutputContext, made: TableOutput) -> dict[str, bytes]:
        from profiling_assets.profiles.tables import profiles_csv

        if FULL_PRECISION_TEMPLATE not in context.definition_metadata or made.unchanged is not None:
            return {}
        path = self._path(context, FULL_PRECISION_TEMPLATE)
        text = profiles_csv(made.frame, float_format=None, gzip=False)
        standing = self._workspace.read_bytes(path) if self._workspace.stat(path) else text
        ours = standing == text or made.may_replace in (ANYTHING, content_hash(standing))
        if not ours and not announced_lookup(self._workspace)(path):
            context.log.warning(f"{path} was not made here: left as it is (--force replaces it)")
            return {}
        context.add_output_metadata({FULL_PRECISION: dg.MetadataValue.text(content_hash(text))})
        return {path: text}

    def _content(self, context: dg.OutputContext, made: TableOutput) -> bytes:
        from profiling_assets.profiles.gct import gct_bytes
        from profiling_assets.profiles.tables import ledger_tsv, profiles_csv

        path = self._path(context)
        if made.unchanged is not None:
            return made.unchanged
        if path.endswith(".tsv"):
            return ledger_tsv(made.frame)
        if path.endswith(".gct"):
            return gct_bytes(made.frame)
        return profiles_csv(
            made.frame,
            float_format=self._catalog.config.options.float_format,
            gzip=path.endswith(".gz"),
        )


class BackendIOManager(WorkspaceIOManager):
    """Backend files: a local file in scratch space becomes the file under its final name."""

    def handle_output(self, context: dg.OutputContext, obj: FileOutput | Kept) -> None:
        """Publish a backend, its ledgers first."""
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        with obj.local.open("rb") as file:
            self._announce(context, file.read(HEAD_BYTES), size=obj.local.stat().st_size)
        beside = self._publish_companions(obj)
        info = self._workspace.publish_file(obj.local, self._path(context))
        self._describe(context, info, obj, beside)


class PictureIOManager(WorkspaceIOManager):
    """Pictures of a plate, and files of all batches that a step changed in their place."""

    def handle_output(
        self, context: dg.OutputContext, obj: PicturesOutput | SharedFileOutput | Kept
    ) -> None:
        """Publish the pictures, the result itself last."""
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        if isinstance(obj, SharedFileOutput):
            for warning in obj.warnings:
                context.log.warning(warning)
            context.add_output_metadata(path_metadata(self._workspace, obj.path))
            return
        first, *others = obj.pictures
        self._announce(context, first.content, path=first.path)
        beside = {other.path: self._publish(other.content, other.path) for other in others}
        info = self._workspace.publish_bytes(first.content, first.path)
        self._describe(context, info, obj, beside, first.content)


class PageIOManager(WorkspaceIOManager):
    """Reports: one HTML page each."""

    def handle_output(self, context: dg.OutputContext, obj: PageOutput | Kept) -> None:
        """Publish a page, with a link to it."""
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        self._announce(context, obj.content, path=obj.path)
        info = self._workspace.publish_bytes(obj.content, obj.path)
        self._describe(context, info, obj, {}, obj.content)
        context.add_output_metadata(page_metadata(self._workspace, obj.path))
