"""A table of profiles in further formats, beside its CSV file: Parquet and AnnData.

Put here: a table to the bytes of another format.
Do not put here: CSV and TSV (`tables`), GCT (`gct`), where copies lie (`dagster.io_managers`).

AnnData's file format is HDF5 with a few attributes, written here with h5py as
https://anndata.readthedocs.io/en/stable/fileformat-prose.html has it. The package `anndata` is not
asked to: one single release of it installs with pandas 3 on Python 3.11
(docs/decisions/anndata.md).
"""

# pyright: reportAttributeAccessIssue=false, reportMissingImports=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas and h5py ship partial types, and h5py is an optional package

from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from profiling_assets.errors import H5AD, H5AD_REMEDY, ConfigError, h5ad_problem
from profiling_assets.profiles.column_kinds import column, is_measured, numeric_columns

PARQUET = "parquet"


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Write a table as Parquet."""
    data = BytesIO()
    frame.to_parquet(data, index=False)
    return data.getvalue()


def h5ad_bytes(frame: pd.DataFrame) -> bytes:
    """Write a table as AnnData.

    The file; equal tables give equal bytes. `X` holds the features as float64, `var` their names;
    `obs` the metadata in table order, text as text and counts as numbers, rows named `0`, `1`, ...,
    so that `pycytominer`'s `read_anndata` gives the table back. Raises `ConfigError` where h5py is
    not installed.
    """
    if h5ad_problem() is not None:
        raise ConfigError("AnnData files need the package h5py", remedy=H5AD_REMEDY)
    import h5py  # only who asks for AnnData needs it

    numeric = numeric_columns(frame)
    features = [name for name in frame.columns if is_measured(name) and name in numeric]
    described = [name for name in frame.columns if name not in set(features)]
    data = BytesIO()
    with h5py.File(data, "w") as file:
        _encode(file, "anndata", "0.1.0")
        values = frame.loc[:, features].to_numpy(dtype=np.float64)
        _encode(file.create_dataset("X", data=values), "array", "0.2.0")
        rows = [str(place) for place in range(len(frame))]
        _table(file, "obs", rows, {name: column(frame, name) for name in described})
        _table(file, "var", features, {})
        for name in ("layers", "obsm", "obsp", "uns", "varm", "varp"):
            _encode(file.create_group(name), "dict", "0.1.0")
    return data.getvalue()


COPIES: Mapping[str, Callable[[pd.DataFrame], bytes]] = {PARQUET: parquet_bytes, H5AD: h5ad_bytes}


def _table(file: Any, name: str, index: list[str], columns: Mapping[str, pd.Series]) -> None:
    group = file.create_group(name)
    _encode(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    places = _places(columns)
    group.attrs.create("column-order", places, dtype=_text_type())
    _texts(group, "_index", index)
    for place, values in zip(places, columns.values(), strict=True):
        if pd.api.types.is_numeric_dtype(values.dtype):
            _encode(group.create_dataset(place, data=values.to_numpy()), "array", "0.2.0")
        else:
            _texts(group, place, ["" if v is None or v != v else str(v) for v in values.tolist()])


def _places(names: Iterable[str]) -> list[str]:
    """Name the columns: HDF5 takes a slash for a folder, so it becomes `_`."""
    taken: list[str] = []
    for name in names:
        place = name.replace("/", "_")
        while place in taken:
            place += "_"
        taken.append(place)
    return taken


def _texts(group: Any, name: str, texts: list[str]) -> None:
    _encode(group.create_dataset(name, data=texts, dtype=_text_type()), "string-array", "0.2.0")


def _text_type() -> Any:
    import h5py

    return h5py.string_dtype("utf-8")


def _encode(element: Any, kind: str, version: str) -> None:
    element.attrs["encoding-type"] = kind
    element.attrs["encoding-version"] = version
