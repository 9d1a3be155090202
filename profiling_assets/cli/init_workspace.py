"""`profiling-assets init-workspace`: a workspace of a plain folder of CellProfiler output.

Put here: the command.
Do not put here: which file goes where (`workspace.laying_out`).
"""

import shlex
from pathlib import Path

import click

from profiling_assets.errors import WorkspaceError
from profiling_assets.quality.preflight.finding import counted
from profiling_assets.workspace.laying_out import lay_out
from profiling_assets.workspace.layout import platemap_folders
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.unread import reasons


@click.command("init-workspace")
@click.argument("folder", metavar="FOLDER")
@click.option("--batch", metavar="B", required=True, help="Name of the batch.")
@click.option("--plate", metavar="P", required=True, help="Name of the plate.")
@click.option(
    "--workspace",
    metavar="DIR",
    help="Folder of the workspace; new, or with other plates. [default: FOLDER_workspace]",
)
@click.option(
    "--platemap",
    metavar="FILE",
    help="The plate's plate map; else one that lies in FOLDER or beside it, if it is only one.",
)
@click.option(
    "--link/--copy",
    default=True,
    show_default=True,
    help="Whether the CSVs are linked, or copied.",
)
def command(
    folder: str, batch: str, plate: str, workspace: str | None, platemap: str | None, *, link: bool
) -> int:
    """Lay FOLDER, a plate's CellProfiler output in any layout, out as a workspace.

    FOLDER is never changed, and nothing is overwritten. Printed is the command that comes next.
    """
    for place in (folder, workspace or ""):
        if "://" in place:
            raise WorkspaceError(
                "a workspace is made of folders on this machine",
                path=place,
                remedy="copy the output to analysis/BATCH/PLATE/analysis/ of the bucket instead",
            )
    source = Path(folder).expanduser()
    root = source.resolve()
    target = (
        root.with_name(f"{root.name}_workspace")
        if workspace is None
        else Path(workspace).expanduser().absolute()
    )
    key = PlateKey(batch, plate)
    file = None if platemap is None else Path(platemap).expanduser()
    made = lay_out(source, target, key, plate_map=file, link=link)
    how = "linked to" if link else "copied to"
    click.echo(f"{counted(made.sites, 'folder')} of CSVs {how} {target / made.plate}")
    for line in reasons(entry for entry in made.ignored if entry.unread):
        click.echo(f"not used: {line}")
    if made.plate_map:
        click.echo(f"plate map: {target / made.plate_map}")
    else:
        maps = target / platemap_folders(batch)[0]
        click.echo(
            f"no plate map: put it into {maps / 'platemap'}, and a line for {plate} into "
            f"{maps / 'barcode_platemap.csv'} (Assay_Plate_Barcode,Plate_Map_Name)"
        )
    if not made.wells_told:
        click.echo(
            "wells: Image.csv has no column Metadata_Well and names do not tell them; add the "
            "column, or name another in aggregate.well_column of the config"
        )
    words = ["profiling-assets", "init-config", str(target)]
    click.echo(f"next: {shlex.join(words)}, then check and run")
    return 0
