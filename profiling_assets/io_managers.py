"""IO managers: results go to and come from their public paths in the workspace.

Put here: how a result's value becomes files under their final names, and back.
Do not put here: how bytes are published (`storage`), what is in a table (`core`).
Two managers, because a profile table is made in memory and a backend is a file of many gigabytes
that never is: https://docs.dagster.io/guides/build/io-managers
An asset's `path` metadata is its path template, with `{batch}` and `{plate}`.
"""

import io
from typing import Any, get_origin

import dagster as dg

from profiling_assets.core.names import PlateKey
from profiling_assets.core.tables import ledger_tsv, profiles_csv, read_profiles
from profiling_assets.pipeline.catalog import Catalog
from profiling_assets.pipeline.made import ANYTHING, Kept, Made, MadeFile, Stored
from profiling_assets.pipeline.sources import content_hash, table_hash
from profiling_assets.reporting import FULL_PRECISION, content_metadata, file_metadata
from profiling_assets.storage.workspace import ObjectInfo, Workspace

PATH_TEMPLATE = "path_template"
FULL_PRECISION_TEMPLATE = "full_precision_path_template"


def result_path(template: str, partition: str) -> str:
    """Fill a path template for one partition.

    Parameters
    ----------
    template : str
        A workspace path with `{batch}` and `{plate}`.
    partition : str
        `BATCH/PLATE`, `BATCH` or `all`.

    Returns
    -------
    str
        The workspace path.
    """
    if "{plate}" in template:
        key = PlateKey.parse(partition)
        return template.format(batch=key.batch, plate=key.plate)
    return template.format(batch=partition)


class WorkspaceIOManager(dg.IOManager):
    """What both managers share: paths, ledgers, and lazy loading."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @property
    def _workspace(self) -> Workspace:
        return self._catalog.workspace

    def load_input(self, context: dg.InputContext) -> Stored | dict[str, Stored]:
        """Hand over the upstream result of this partition, or of all mapped partitions.

        Parameters
        ----------
        context : dagster.InputContext
            Says which asset and partitions; an input annotated as a dict gets one entry a
            partition, also where there is one only.

        Returns
        -------
        Stored or dict of str to Stored
            Results that are read when asked for.
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
        if get_origin(wanted) is dict:
            return stored
        (only,) = stored.values()
        return only

    def _publish_companions(self, value: Made | MadeFile) -> None:
        for path, ledger in value.ledgers.items():
            self._workspace.publish_bytes(ledger_tsv(ledger), path)
        for path, local in value.files.items():
            self._workspace.publish_file(local, path)

    def _path(self, context: dg.OutputContext, template: str = PATH_TEMPLATE) -> str:
        return result_path(str(context.definition_metadata[template]), context.partition_key)

    def _describe(
        self,
        context: dg.OutputContext,
        info: ObjectInfo,
        value: Made | MadeFile,
        content: str = "",
    ) -> None:
        for warning in value.warnings:
            context.log.warning(warning)
        context.add_output_metadata(
            {**file_metadata(self._workspace, info), **content_metadata(content)}
        )

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


class TableIOManager(WorkspaceIOManager):
    """Profile tables and ledgers: csv, csv.gz, tsv, and Parquet where the config adds it."""

    def handle_output(self, context: dg.OutputContext, obj: Made | Kept) -> None:
        """Publish a table, its ledgers first.

        Parameters
        ----------
        context : dagster.OutputContext
            Says which asset and partition.
        obj : Made or Kept
            The table, or the standing file that stays.
        """
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        self._publish_companions(obj)
        if FULL_PRECISION_TEMPLATE in context.definition_metadata and obj.unchanged is None:
            self._publish_full_precision(context, obj)
        path, content = self._path(context), self._content(context, obj)
        if "parquet" in self._catalog.config.options.formats and not path.endswith(".tsv"):
            # the same values as in the text, so that either may be read
            copy = io.BytesIO()
            read_profiles(content, path=path).to_parquet(copy, index=False)
            name = path.removesuffix(".gz").removesuffix(".csv")
            self._workspace.publish_bytes(copy.getvalue(), f"{name}.parquet")
        info = self._workspace.publish_bytes(content, path)
        self._describe(context, info, obj, content_hash(content))

    def _publish_full_precision(self, context: dg.OutputContext, made: Made) -> None:
        path = self._path(context, FULL_PRECISION_TEMPLATE)
        text = profiles_csv(made.frame, float_format=None, gzip=False)
        standing = self._workspace.read_bytes(path) if self._workspace.stat(path) else text
        if standing != text and made.may_replace not in (ANYTHING, content_hash(standing)):
            context.log.warning(f"{path} was not made here: left as it is (--force replaces it)")
            return
        self._workspace.publish_bytes(text, path)
        context.add_output_metadata({FULL_PRECISION: dg.MetadataValue.text(content_hash(text))})

    def _content(self, context: dg.OutputContext, made: Made) -> bytes:
        path = self._path(context)
        if made.unchanged is not None:
            return made.unchanged
        if path.endswith(".tsv"):
            return ledger_tsv(made.frame)
        return profiles_csv(
            made.frame,
            float_format=self._catalog.config.options.float_format,
            gzip=path.endswith(".gz"),
        )


class BackendIOManager(WorkspaceIOManager):
    """Backend files: a local file in scratch space becomes the file under its final name."""

    def handle_output(self, context: dg.OutputContext, obj: MadeFile | Kept) -> None:
        """Publish a backend, its ledgers first.

        Parameters
        ----------
        context : dagster.OutputContext
            Says which asset and partition.
        obj : MadeFile or Kept
            The file, or the standing file that stays.
        """
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        self._publish_companions(obj)
        info = self._workspace.publish_file(obj.local, self._path(context))
        self._describe(context, info, obj)
