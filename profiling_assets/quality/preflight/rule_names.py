"""The names of the rules: for messages, the web UI and the docs.

Put here: each rule's name, what it looks at in a few words, and the asset that shows it.
Do not put here: the rules (`rules`), which need pandas: the graph is loaded without it.
"""

from dataclasses import dataclass

MEASUREMENTS = "cellprofiler_csvs"
PLATE_MAPS = "plate_map"

CONFIG = "config"
CONFIG_PLATES = "config_plates"
FROZEN = "frozen_features"
WRITE = "write_permission"
DISK = "disk_space"
SOURCE = "source"
SITES = "sites"
TWICE = "sites_twice"
UNREAD = "unread_input"
COMPARTMENTS = "compartments"
IMAGE_COLUMNS = "image_columns"
IMAGES = "image_files"
CATEGORIES = "image_features"
WIDTH = "table_width"
PLATE_MAP = "plate_map"
PLATES = "plate_map_plates"
WELLS = "plate_map_wells"
EXTERNAL = "external_metadata"
CONTROLS = "controls"
QUERIES = "samples"


@dataclass(frozen=True)
class RuleName:
    """A rule's name."""

    name: str  # as findings have it
    title: str  # what it looks at, in a few words
    asset: str  # the external asset that shows it as a check


RULE_NAMES = (
    RuleName(CONFIG, "config", MEASUREMENTS),
    RuleName(CONFIG_PLATES, "plates of the config", MEASUREMENTS),
    RuleName(FROZEN, "frozen lists of features", MEASUREMENTS),
    RuleName(WRITE, "permission to write", MEASUREMENTS),
    RuleName(DISK, "disk space", MEASUREMENTS),
    RuleName(SOURCE, "what a plate starts from", MEASUREMENTS),
    RuleName(SITES, "sites", MEASUREMENTS),
    RuleName(TWICE, "sites that are there twice", MEASUREMENTS),
    RuleName(UNREAD, "input that is not used", MEASUREMENTS),
    RuleName(COMPARTMENTS, "compartments", MEASUREMENTS),
    RuleName(IMAGES, "Image files", MEASUREMENTS),
    RuleName(IMAGE_COLUMNS, "columns of Image.csv", MEASUREMENTS),
    RuleName(CATEGORIES, "image features", MEASUREMENTS),
    RuleName(WIDTH, "width of tables", MEASUREMENTS),
    RuleName(PLATE_MAP, "plate maps", PLATE_MAPS),
    RuleName(PLATES, "plates of the plate maps", PLATE_MAPS),
    RuleName(WELLS, "wells of the plate maps", PLATE_MAPS),
    RuleName(EXTERNAL, "external metadata", PLATE_MAPS),
    RuleName(CONTROLS, "negative controls", PLATE_MAPS),
    RuleName(QUERIES, "queries for wells", PLATE_MAPS),
)
