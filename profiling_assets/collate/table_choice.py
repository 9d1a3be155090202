"""Which object tables a site must have and which are aggregated: one notion for sites and wells.

Put here: required and further tables, and those that too few sites have.
Do not put here: what becomes of a site without one (`site_state`), of a well (`aggregate`).
Cells, Cytoplasm and Nuclei, as far as any site has them, and what the config's `compartments` names
are required: a site must have their files, and a well objects in each (pycytominer's inner merge).
A further table (PH3, a second Cellpose set) decides over no site and no well: it is merged outer,
and a well without such objects has empty features in it. Where fewer than half of the sites have
it, it came there by accident, and is not aggregated unless it is named.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.site_folder import CANONICAL, table_order


@dataclass(frozen=True)
class TablePresence:
    """How many sites have each object table."""

    sites: Mapping[str, int]  # table to the sites that have it
    of: int  # sites that have any
    # table to the first file of it, `SITE/FILE`; nothing for a backend
    files: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)

    @property
    def common(self) -> frozenset[str]:
        """The tables that half of the sites or more have."""
        return frozenset(table for table, sites in self.sites.items() if 2 * sites >= self.of)


@dataclass(frozen=True)
class TableChoice:
    """The tables to aggregate."""

    tables: tuple[str, ...]  # in order
    required: frozenset[str]  # those of them in which a well must have objects
    rare: tuple[str, ...]  # tables that are left out, as too few sites have them


def counted(
    present: Mapping[frozenset[str], int],
    tables: Collection[str],
    files: Mapping[str, str] | None = None,
) -> TablePresence:
    """Count the sites of each table.

    `present`: the object tables of a site, to the number of sites with just these. `tables`: those
    that can be used. `files`: table to its first file.
    """
    sites = dict.fromkeys(sorted(tables, key=table_order), 0)
    of = 0
    for found, count in present.items():
        usable = found.intersection(tables)
        of += count if usable else 0
        for table in usable:
            sites[table] += count
    return TablePresence(sites, of, files or {})


def required_tables(presence: TablePresence, compartments: Sequence[str] | None) -> frozenset[str]:
    """Return the tables that a site must have.

    Where there is none of the usual ones and none is named, it is the table that most sites have.
    """
    named = {name.lower() for name in compartments or ()}
    required = {
        table
        for table in presence.sites
        if table.capitalize() in CANONICAL or table.lower() in named
    }
    if not required and presence.sites:
        required = {min(presence.sites, key=lambda t: (-presence.sites[t], t))}
    return frozenset(required)


def table_choice(presence: TablePresence, compartments: Sequence[str] | None) -> TableChoice:
    """Choose the tables to aggregate.

    `compartments`: those the user names, in any case and in the order wanted; None takes all but
    the rare ones.
    """
    required = required_tables(presence, compartments)
    if compartments is not None:
        by_name = {table.lower(): table for table in presence.sites}
        wanted = dict.fromkeys(name.lower() for name in compartments)
        named = tuple(by_name[name] for name in wanted if name in by_name)
        return TableChoice(named, frozenset(named), ())
    ordered = sorted(presence.sites, key=table_order)
    rare = tuple(t for t in ordered if t not in required and t not in presence.common)
    return TableChoice(tuple(t for t in ordered if t not in rare), required, rare)


def checked_choice(
    presence: TablePresence, compartments: Sequence[str] | None, path: str
) -> tuple[TableChoice, tuple[str, ...]]:
    """Choose the tables to aggregate, and say which are named and not there, or left out.

    Raises `InvalidInputError` where none is left.
    """
    choice = table_choice(presence, compartments)
    if not choice.tables:
        there = ", ".join(presence.sites) or "none"
        named = "" if compartments is None else f" (named: {', '.join(compartments)})"
        raise InvalidInputError(
            f"there is no compartment to aggregate; object tables: {there}{named}",
            path=path,
            remedy="check the site folders' object CSVs and `compartments` in the config",
        )
    found = {table.lower() for table in choice.tables}
    absent = [n for n in dict.fromkeys(map(str.lower, compartments or ())) if n not in found]
    return choice, (
        *(
            f"the compartment {name} is named in the config and no file has it: it is left out"
            for name in absent
        ),
        *(rare_warning(presence, table) for table in choice.rare),
    )


def rare_warning(presence: TablePresence, table: str) -> str:
    """Say that a table is not aggregated, as too few sites have it."""
    file = presence.files.get(table)
    return (
        f"the table {table} is in {presence.sites[table]} of {presence.of} sites"
        f"{f' ({file})' if file else ''}: its objects are in the backend and not in the profiles, "
        "unless `compartments` in the config names it"
    )
