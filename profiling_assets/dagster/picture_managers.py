"""IO managers of what is looked at: pictures of a plate, and reports.

Put here: how a picture or a page becomes files under their final names.
Do not put here: tables and backends, and what all managers share (`dagster.io_managers`).
"""

import dagster as dg

from profiling_assets.dagster.io_managers import WorkspaceIOManager
from profiling_assets.dagster.metadata import page_metadata, path_metadata
from profiling_assets.steps.outputs import Kept, MadePage, MadePictures, Published


class PictureIOManager(WorkspaceIOManager):
    """Pictures of a plate, and files of all batches that a step changed in their place."""

    def handle_output(
        self, context: dg.OutputContext, obj: MadePictures | Published | Kept
    ) -> None:
        """Publish the pictures, the result itself last.

        Parameters
        ----------
        context : dagster.OutputContext
            Says which asset and partition.
        obj : MadePictures, Published or Kept
            The pictures, the file that was changed already, or the standing file that stays.
        """
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        if isinstance(obj, Published):
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

    def handle_output(self, context: dg.OutputContext, obj: MadePage | Kept) -> None:
        """Publish a page, with a link to it.

        Parameters
        ----------
        context : dagster.OutputContext
            Says which asset and partition.
        obj : MadePage or Kept
            The page, or the standing file that stays.
        """
        if isinstance(obj, Kept):
            self._keep(context, obj)
            return
        self._announce(context, obj.content, path=obj.path)
        info = self._workspace.publish_bytes(obj.content, obj.path)
        self._describe(context, info, obj, {}, obj.content)
        context.add_output_metadata(page_metadata(self._workspace, obj.path))
