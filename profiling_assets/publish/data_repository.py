"""What a new data repository holds: its folders, its pinned versions, its README.

Put here: the text of each file, and what tells a data repository from another folder.
Do not put here: writing them and git (`publish.x_data_repository`), what is published there
(`workspace.public_files`).
The folders are those of the profiling-recipe's `create_dirs.sh`, and `backend` for the ledgers.
"""

import re
from collections.abc import Mapping

PINS = "requirements.txt"
ATTRIBUTES = ".gitattributes"

_FOLDERS = {
    "audit": "Audits: yours, profiling_assets writes nothing here.",
    "backend": "Ledgers of sites and wells, a folder a plate. Backends stay in the workspace.",
    "batchfiles": "Batch files of CellProfiler: yours, profiling_assets writes nothing here.",
    "config_files": "Config files of the profiling pipeline.",
    "gct": "Stacked profiles of each batch, for Morpheus.",
    "load_data_csv": "LoadData CSVs, compressed: one row for each site that was imaged.",
    "log": "Logs: yours, profiling_assets writes nothing here.",
    "metadata": "Plate maps (`platemaps/BATCH`) and external metadata (`external_metadata`).",
    "pipelines": "Pipelines of CellProfiler: yours, profiling_assets writes nothing here.",
    "profiles": "Profiles, one folder a plate, and the list of selected features of each batch.",
    "quality_control": "Summary, heatmaps and reports.",
    "single_cell": "Single-cell data: yours, profiling_assets writes nothing here.",
}

_IGNORED = """\
# never published: raw tables, backends, what a running program leaves
*.sqlite
*.sqlite-journal
.profiling_assets/
*.part
"""

_VERBATIM = """\
# Results are bytes, not texts: no line end is changed.
* -text
"""

_LFS = """\
# Large and compressed results go by Git LFS (https://git-lfs.com).
*.csv.gz filter=lfs diff=lfs merge=lfs -text
*.gct filter=lfs diff=lfs merge=lfs -text
*.h5ad filter=lfs diff=lfs merge=lfs -text
*.parquet filter=lfs diff=lfs merge=lfs -text
*.png filter=lfs diff=lfs merge=lfs -text
"""

_README = """\
# Profiles of this project

Image-based profiles, and what they were made from: configs, plate maps, load data, ledgers.
`profiling_assets` publishes them here. `requirements.txt` pins its version, and each commit names
the version and the config that it was made with.

## Take the data

```
{lfs_install}git clone URL
```

Profiles lie in `profiles/BATCH/PLATE/`; `config_files/` has the choices they were made with.

## Add a batch

1. Install the pinned version: `pip install -r requirements.txt`. Where no package index has
   `profiling_assets`, install its own repository at that version first.
2. In a workspace with the new CellProfiler output and plate maps:

   ```
   profiling-assets run --workspace WORKSPACE --config CLONE/config_files/config.yml
   profiling-assets publish CLONE --workspace WORKSPACE --dry-run
   profiling-assets publish CLONE --workspace WORKSPACE
   ```

`publish` commits and pushes files of the kinds listed in its documentation, and only those that
changed. Nothing is deleted by it. Files of your own may lie beside them.

## Use a newer version

Change the pin in `requirements.txt`, commit it, and run the batches again that are to be made anew.
"""

_PIN = re.compile(
    r"^\s*profiling[-_.]assets(?![\w.-])\s*(?:==\s*([^\s;#]+))?", re.IGNORECASE | re.MULTILINE
)


def repository_files(
    version: str, libraries: Mapping[str, str], config: str, *, lfs: bool
) -> dict[str, str]:
    """Return the files of a new data repository.

    Parameters
    ----------
    version : str
        Version of this package.
    libraries : mapping of str to str
        Names of the libraries that results depend on, and their versions.
    config : str
        Text of the config file.
    lfs : bool
        Whether large results go by Git LFS.

    Returns
    -------
    dict of str to str
        Path to text. It holds no clock, and no path of a machine.
    """
    pins = "".join(f"{name}=={number}\n" for name, number in sorted(libraries.items()))
    return {
        ATTRIBUTES: _VERBATIM + (_LFS if lfs else ""),
        ".gitignore": _IGNORED,
        "README.md": _README.format(lfs_install="git lfs install\n" if lfs else ""),
        PINS: "# the versions that the results here are made with\n"
        f"profiling_assets=={version}\n{pins}",
        "config_files/config.yml": config,
        **{f"{folder}/README.md": f"# {folder}\n\n{text}\n" for folder, text in _FOLDERS.items()},
    }


def is_pinned(requirements: str) -> bool:
    """Say whether requirements name this package: then the folder is a data repository."""
    return _PIN.search(requirements) is not None


def pinned_version(requirements: str) -> str | None:
    """Return the version of this package that requirements pin; None where they pin none."""
    found = _PIN.search(requirements)
    return None if found is None else found.group(1)
