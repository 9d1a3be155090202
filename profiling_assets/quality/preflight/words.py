"""How numbers and lists are put into sentences.

Put here: wording that several rules share.
Do not put here: the sentences (the rules).
"""

from collections.abc import Collection

from profiling_assets.config.model import Config

_SHOWN = 8
_GIGABYTE = 10**9


def some(things: Collection[object]) -> str:
    """Put the first of some names into a sentence: `a, b and 3 more`."""
    shown = [str(thing) for thing in things][:_SHOWN]
    more = len(things) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def config_place(config: Config, key: str) -> str:
    """Return file and line of a key; a workspace without a config file has the defaults."""
    place = config.where(key)
    return "the defaults, as no --config is given" if place.startswith("(") else place


def counted(number: int, noun: str) -> str:
    """Return `1 site`, `2 sites`, `2 batches`."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def size(number: int) -> str:
    """Return a number of bytes as a person reads it."""
    return f"{number / 1e9:.1f} GB" if number >= _GIGABYTE else f"{number / 1e6:.1f} MB"
