"""Image rows of one site: which site was there before, and what tells its rows apart.

Put here: when two Image rows are of one site, and the sentence about those that are.
Do not put here: what becomes of a repeated row (`site`), how a well's name is read (`image_csv`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from profiling_assets.collate.header import folded
from profiling_assets.errors import listed
from profiling_assets.workspace.sites import (
    PLATE_COLUMN,
    SITE_COLUMN,
    WELL_COLUMN,
    site_identity,
)

OnRepeat = Literal["keep", "drop", "fail"]
_METADATA = "metadata_"
_IDENTITY = frozenset(map(str.lower, (PLATE_COLUMN, WELL_COLUMN, SITE_COLUMN)))


@dataclass(frozen=True)
class _First:
    folder: str
    metadata: Mapping[str, str]  # the row's further metadata, for what tells later rows apart


class Repeats:
    """The sites of a plate that turned up.

    `strata`: columns that split a well, as time points do; rows that differ in them are of
    different sites. Rows without a site are never of one: nothing says which they are.
    """

    def __init__(self, strata: Sequence[str] = ()) -> None:
        self._strata = tuple(map(folded, strata))
        self._sites: dict[tuple[str, ...], _First] = {}
        self._rows = 0
        self._repeated: dict[tuple[str, ...], str] = {}
        self._telling: dict[str, None] | None = None

    def earlier(
        self, folder: str, plate: str, well: str, site: str, text: Mapping[str, str]
    ) -> str | None:
        """Take an Image row; return the folder that has its site already, None for the first.

        `text`: the row, verbatim.
        """
        if not site:
            return None
        cells = {folded(name): (name, cell.strip()) for name, cell in text.items()}
        own = tuple(cells[name][1] if name in cells else "" for name in self._strata)
        identity = (plate, *site_identity(well, site), *own)
        metadata = {
            name: cell
            for key, (name, cell) in cells.items()
            if key.startswith(_METADATA) and key not in _IDENTITY
        }
        first = self._sites.setdefault(identity, _First(folder, metadata))
        if first.metadata is metadata:
            return None
        self._rows += 1
        self._repeated.setdefault(identity, f"{well}-{site}")
        telling = [name for name, cell in metadata.items() if cell != first.metadata.get(name)]
        self._telling = (
            dict.fromkeys(telling)
            if self._telling is None
            else {name: None for name in self._telling if name in telling}
        )
        return first.folder

    def told(self, on_repeat: OnRepeat) -> tuple[str, str] | None:
        """Say which sites are there more than once and what is done, then what can be done.

        None where there is none.
        """
        if not self._rows:
            return None
        done = "left out" if on_repeat == "drop" else "counted in its well all the same"
        what = (
            f"{self._rows} Image rows are of a site that an earlier row has already, and are "
            f"{done}: {listed(self._repeated.values())}"
        )
        if self._telling:
            names = listed(self._telling)
            remedy = (
                f"{names} tells them apart: set aggregate.strata: [{next(iter(self._telling))}] "
                "for a profile each"
            )
        else:
            remedy = "set collate.on_repeated_site: drop to keep the first, or fail"
        return what, remedy
