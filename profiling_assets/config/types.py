"""What a value of the config file may be, and the strict section that holds such values.

Put here: types that more than one section uses, and the rules common to all sections.
Do not put here: a section of the config file (`sections`, `own_sections`), reading YAML
(`yaml_nodes`).
Each type is a pydantic type plus a `Kind`: the words that the reference prints and that an error
says, and whether the text of the file is taken verbatim (`000123` and `1e5` are names, no numbers).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from profiling_assets.workspace.layout import CONFIGS
from profiling_assets.workspace.names import name_problem
from profiling_assets.workspace.public_files import publication_plan

PERFORM = "Whether to perform this step; a section that is absent is switched off."
ADOPT = f"{PERFORM} While it is off, later steps read the file that is there."
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_LISTS = (".tsv", ".txt", ".csv")
_FORBIDDEN_IN_PATH = re.compile(r"[\x00-\x1f\x7f\\]")


def is_placeholder(value: object) -> bool:
    """Say whether a value is a template's text that was never edited, as `<PLATE NAME>`."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


@dataclass(frozen=True)
class OneOrMore:
    """Marks a list of sections that may be written as a section, where it has one entry."""


@dataclass(frozen=True)
class Kind:
    """How a type is called in the reference and in errors, and how its text is read.

    Attributes
    ----------
    words : str
        What a value may be; completes the sentence "it must be …".
    text : {"resolved", "verbatim", "name"}
        `resolved`: YAML decides (true, 5, null, text). `verbatim`: the text of the file, whatever
        it looks like, and nothing where nothing is written. `name`: the text, always.
    """

    words: str
    text: Literal["resolved", "verbatim", "name"] = "resolved"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Replace pydantic's errors, one for each branch of a union, by one sentence."""
        return core_schema.no_info_wrap_validator_function(self._check, handler(source))

    def _check(self, value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
        try:
            return inner(value)
        except ValidationError:
            raise PydanticCustomError("kind", "it must be {words}", {"words": self.words}) from None


def _usable_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise PydanticCustomError("name", "it cannot be a name: {problem}", {"problem": problem})
    return name


Flag = Annotated[bool, Kind("true or false")]
Text = Annotated[str, Field(min_length=1), Kind("text", "verbatim")]
OptionalText = Annotated[str | None, Kind("text, or nothing", "verbatim")]
Name = Annotated[str, Kind("text", "name"), AfterValidator(_usable_name)]
TextList = Annotated[tuple[str, ...], Kind("a list of text", "verbatim")]
Columns = Annotated[
    str | tuple[str, ...] | None, Kind("a column, or a list of columns", "verbatim")
]
Method = Annotated[Literal["mean", "median"], Kind("mean or median")]
MinCells = Annotated[int, Field(ge=0), Kind("a whole number, 0 or more")]
Features = Annotated[
    Literal["infer"] | tuple[str, ...], Kind("infer, or a list of feature columns", "verbatim")
]


# Key (relative to its section), what is wrong with it (the rest of a sentence), remedy.
Complaint = tuple[str, str, str]


class Section(BaseModel):
    """A mapping of the config file: no unknown key, no coerced value, no change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant though every value is of its type; asked only then.

        Yields
        ------
        Complaint
            Key relative to this section, what is wrong, remedy.
        """
        yield from ()

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        complaints = tuple(self.impossible())
        if complaints:
            sentences = "; ".join(f"{key} {what}; {remedy}" for key, what, remedy in complaints)
            raise PydanticCustomError(
                "impossible", "{sentences}", {"sentences": sentences, "complaints": complaints}
            )
        return self


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field's type is, or is a list of; None for a value."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def kind_of(field: FieldInfo) -> Kind | None:
    """Return the kind of a field's values; None for a section or a list of sections."""
    return next((item for item in field.metadata if isinstance(item, Kind)), None)


def takes_one_or_more(field: FieldInfo) -> bool:
    """Say whether a field takes one section or a list of such sections."""
    return any(isinstance(item, OneOrMore) for item in field.metadata)


def listed_twice(key: str, values: Sequence[object] | str | None) -> Iterator[Complaint]:
    """Yield the problem of a list that repeats a value.

    Parameters
    ----------
    key : str
        The list's key.
    values : sequence or str or None
        The list; a word in its place, or nothing, repeats nothing.

    Yields
    ------
    Complaint
        For each repeated value.
    """
    if values is None or isinstance(values, str):
        return
    seen = set[object]()
    for value in values:
        if value in seen:
            yield key, f"lists {value!s} twice", "name it once"
        seen.add(value)


def path_complaints(key: str, path: str) -> Iterator[Complaint]:
    """Yield why a relative path could leave the folder it is meant to be in.

    Parameters
    ----------
    key : str
        The path's key.
    path : str
        A folder or file as written in the config file.

    Yields
    ------
    Complaint
        At most one; none where the path stays inside.
    """
    what = None
    if _FORBIDDEN_IN_PATH.search(path):
        what = "has a backslash or a control character"
    elif path.startswith("/"):
        what = "is an absolute path"
    elif any(part.strip() in {"", ".", ".."} for part in path.split("/")):
        what = "has an empty part, a `.` or a `..`"
    if what:
        yield key, f"is {path!r}, which {what}", "write a path with / that stays in its folder"


def list_complaints(key: str, path: str) -> Iterator[Complaint]:
    """Yield why a hand-made list cannot lie where a key of the config says.

    Parameters
    ----------
    key : str
        The path's key.
    path : str
        A file as written in the config file.

    Yields
    ------
    Complaint
        At most one. None for a visible `.tsv`, `.txt` or `.csv` in `config_files/`: there no run
        writes, and `push` and `publish` take it along.
    """
    folder, *rest = path.split("/")
    escapes = list(path_complaints(key, path))
    if not path.strip():
        yield key, "is empty", "name the file, or take the key out"
    elif escapes:
        yield from escapes
    elif folder != CONFIGS or not rest or any(part.startswith(".") for part in rest):
        name = rest[-1] if rest else path
        remedy = f"copy it to {CONFIGS}/{name.lstrip('.')}, where no run writes, and name the copy"
        yield key, f"is {path!r}, which is no file in {CONFIGS}/", remedy
    elif not path.lower().endswith(_LISTS):
        what = f"is {path!r}, which ends in none of {', '.join(_LISTS)}"
        yield key, what, "rename the file: `publish` takes these along"
    elif not publication_plan({path: 0}).transfers:  # as `nuclei.csv`
        yield key, f"is {path!r}, whose name `publish` does not take", "rename the file"
