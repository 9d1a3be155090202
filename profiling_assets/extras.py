"""Optional packages: whether they are there, and what to do where they are not.

Put here: one question an extra of pyproject.toml, answered without importing the package.
Do not put here: what is done with a package (`profiles.formats`).
"""

from importlib.util import find_spec

H5AD = "h5ad"
H5AD_REMEDY = "install the extra: `pip install 'profiling_assets[anndata]'`, or take h5ad out"


def h5ad_problem() -> str | None:
    """Say why AnnData files cannot be written here; None where they can."""
    return None if find_spec("h5py") else "lists h5ad, and the package h5py is not installed"
