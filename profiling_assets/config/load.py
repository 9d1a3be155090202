"""Read a config file: every problem in it at once, each with its line, key and remedy.

Put here: from text to `Config`, and the sentences for what does not fit the model.
Do not put here: YAML (`yaml_nodes`), what the keys mean (`model` and its sections), opening files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

import yaml
from pydantic import BaseModel, ValidationError

from profiling_assets.config.former_keys import renewed, renewed_batch
from profiling_assets.config.model import BatchConfig, Config, PipelineConfig
from profiling_assets.config.reference import known_keys, section_at
from profiling_assets.config.types import Complaint, Section, is_placeholder
from profiling_assets.config.yaml_nodes import (
    Problem,
    Reading,
    UnreadableError,
    compose_documents,
    line_of,
    read_document,
    scalar_keys,
)
from profiling_assets.errors import ConfigError, listed

_MOST_SHOWN = 200
_LONGEST = 600
_REMEDY = "mend the lines named; `profiling-assets config --reference` prints every key"


def parse_config(text: str, *, path: str) -> Config:
    """Read the text of a config file.

    The file has one YAML document with the steps (`pipeline:` and its sections) and a document for
    each batch; without batch documents it takes the whole workspace. Names of batches and plates
    are the verbatim text of the file.

    Parameters
    ----------
    text : str
        The whole file.
    path : str
        What the file is called in messages.

    Returns
    -------
    Config
        The model of the file; `Config.problems_before_run` names placeholders that are left.

    Raises
    ------
    ConfigError
        With all problems of the file, in the order of its lines.
    """
    problems = list[Problem]()
    try:
        documents = compose_documents(text)
        pipeline, lines = _pipeline(documents, problems)
        batches, batch_lines = _batches(documents, problems)
    except UnreadableError as error:
        raise ConfigError(_told([error.problem], path), path=path, remedy=_REMEDY) from error
    if pipeline is None or problems:
        raise ConfigError(_told(problems, path), path=path, remedy=_REMEDY)
    values = {key: getattr(pipeline, key) for key in PipelineConfig.model_fields}
    return Config.model_validate(
        {**values, "batches": tuple(batches), "path": path, "lines": {**lines, **batch_lines}}
    )


def _told(problems: Sequence[Problem], path: str) -> str:
    ordered = sorted(problems, key=lambda p: p.line or 0)
    lines = [f"{len(ordered)} problem{'' if len(ordered) == 1 else 's'} in the config"]
    for problem in ordered[:_MOST_SHOWN]:
        where = path if problem.line is None else f"{path}:{problem.line}"
        lines.append(f"{where}: {_printable(problem.text)}")
    if len(ordered) > _MOST_SHOWN:
        lines.append(f"… and {len(ordered) - _MOST_SHOWN} more")
    return "\n".join(lines)


def _printable(text: str) -> str:
    """Escape what a terminal would obey, and cut what nobody would read."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def _is_batch(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.MappingNode):
        return False
    keys = scalar_keys(node)
    return "pipeline" not in keys and bool(keys & {"batch", "plates"})


def _pipeline(
    documents: Sequence[yaml.Node], problems: list[Problem]
) -> tuple[PipelineConfig | None, Mapping[str, int]]:
    """Read the one document that is not a batch's."""
    others = [node for node in documents if not _is_batch(node)]
    if not documents:
        problems.append(
            Problem(None, "the file is empty; `profiling-assets init-config` writes one")
        )
    elif not others:
        problems.append(
            Problem(None, "no document has the key `pipeline`; begin the file with the steps")
        )
    for node in others:
        if not isinstance(node, yaml.MappingNode):
            text = "the document must be keys with values, as `pipeline: analysis`"
            problems.append(Problem(line_of(node), text))
    sections = [node for node in others if isinstance(node, yaml.MappingNode)]
    for node in sections[1:]:
        known = scalar_keys(node)
        what = (
            "a second document with `pipeline`"
            if "pipeline" in known
            else "a document with neither `pipeline` nor `batch`"
        )
        problems.append(
            Problem(line_of(node), f"{what}; a file has the steps once, then one document a batch")
        )
    if not sections:
        return None, {}
    reading = read_document(sections[0], PipelineConfig)
    problems.extend(_former(reading, renewed(reading.values), line_of(sections[0])))
    model = _validated(reading, PipelineConfig, line_of(sections[0]), problems)
    return cast("PipelineConfig | None", model), reading.lines


def _batches(
    documents: Sequence[yaml.Node], problems: list[Problem]
) -> tuple[list[BatchConfig], Mapping[str, int]]:
    """Read the batch documents; a batch twice is a problem."""
    batches = list[BatchConfig]()
    lines = dict[str, int]()
    for node in documents:
        if not (_is_batch(node) and isinstance(node, yaml.MappingNode)):
            continue
        reading = read_document(node, BatchConfig)
        problems.extend(_former(reading, renewed_batch(reading.values), line_of(node)))
        model = _validated(reading, BatchConfig, line_of(node), problems)
        name = reading.values.get("batch")
        key, line = f"batches/{name}", reading.lines.get("batch", line_of(node))
        if isinstance(name, str) and key in lines:
            rest = "write one document for it, with all its plates"
            problems.append(Problem(line, f"batch {name} is in line {lines[key]} already; {rest}"))
        lines.setdefault(key, line)
        if model is not None:
            batch = cast("BatchConfig", model)
            batches.append(batch)
            for number, plate in enumerate(batch.plates, start=1):
                place = reading.lines.get(f"plates[{number}].name", line)
                lines[f"{key}/{plate.name}"] = place
    return batches, lines


def _former(reading: Reading, told: Iterable[tuple[str, str]], line: int) -> Iterator[Problem]:
    for key, sentence in told:
        yield Problem(_line(key, reading.lines, line), f"{key} {sentence}")


def _validated(
    reading: Reading, model: type[Section], line: int, problems: list[Problem]
) -> Section | None:
    problems.extend(reading.problems)
    try:
        return model.model_validate(reading.values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        for detail in details[_MOST_SHOWN:]:  # counted; to find what was meant takes time
            key = _dotted(_as_written(detail["loc"], reading.values))
            problems.append(Problem(_line(key, reading.lines, line), f"{key}: {detail['msg']}"))
        for detail in details[:_MOST_SHOWN]:
            told = {**detail, "loc": _as_written(detail["loc"], reading.values)}
            for key, sentence in _sentences(cast("dict[str, Any]", told), model):
                problems.append(Problem(_line(key, reading.lines, line), f"{key} {sentence}"))
        return None


def _line(key: str, lines: Mapping[str, int], document: int) -> int:
    """Return the line of a key, else of the nearest section around it, else of the document."""
    while key:
        if key in lines:
            return lines[key]
        # `plates[2].name` lies in `plates[2]`, and that in `plates`
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return document


def _as_written(location: tuple[int | str, ...], values: object) -> tuple[int | str, ...]:
    """Take out the positions of lists that the file writes as one section (`OneOrMore`)."""
    kept = list[int | str]()
    for part in location:
        if isinstance(part, int) and isinstance(values, Mapping):
            continue
        kept.append(part)
        if isinstance(values, Mapping):
            values = cast("Mapping[object, object]", values).get(part)
        elif isinstance(values, tuple) and isinstance(part, int):
            values = cast("tuple[object, ...]", values)[part]
    return tuple(kept)


def _dotted(location: Sequence[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _sentences(detail: Mapping[str, Any], model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield key and sentence for one of pydantic's errors."""
    location = cast("tuple[int | str, ...]", detail["loc"])
    key, kind, value = _dotted(location), detail["type"], detail["input"]
    context = cast("dict[str, Any]", detail.get("ctx", {}))
    if kind == "impossible":
        for part, what, remedy in cast("tuple[Complaint, ...]", context["complaints"]):
            yield f"{key}.{part}".removeprefix("."), f"{what}; {remedy}"
    elif kind == "extra_forbidden":
        yield key, f"is not a known key; {_suggestion(location, model)}"
    elif kind == "missing":
        yield key, "is missing"
    elif kind in {"model_type", "model_attributes_type", "tuple_type"}:
        yield key, f"is {_shown(value)}; {_structure(location, model)}"
    else:
        yield key, f"is {_shown(value)}; {detail['msg']}"


def _structure(location: Sequence[int | str], model: type[BaseModel]) -> str:
    if location[:1] == ("plates",):
        return "each plate is written `- name: PLATE`, and `process: true` below it"
    if location[:2] == ("arrival", "batches"):
        return "each batch is written `- batch: BATCH`, and its own keys below it"
    section = section_at(location, model)
    keys = "" if section is None else f" ({', '.join(section.model_fields)})"
    return f"it must be a section with keys of its own{keys}"


def _suggestion(location: Sequence[int | str], model: type[BaseModel]) -> str:
    """Name the key that was probably meant: the nearest of its section, or of one in it."""
    name = str(location[-1])
    section = section_at(location[:-1], model)
    siblings = list(section.model_fields) if section else []
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")[:80]
    if len(location) == 1 and model is PipelineConfig and plain in BatchConfig.model_fields:
        return "it belongs in a batch's document; is the line `---` before it missing?"
    if len(location) == 1 and model is BatchConfig and plain in PipelineConfig.model_fields:
        return "it belongs in the first document"
    near = get_close_matches(plain, siblings, n=1)
    if near:
        return f"did you mean {near[0]}?"
    above = "".join(f"{part}." for part in location[:-1] if isinstance(part, str))
    below = [key for key in known_keys() if above and key.startswith(above)]
    inside = [key for key in below if key.rsplit(".", 1)[-1] == plain]
    if inside:
        return f"did you mean {' or '.join(inside)}?"
    return f"known here: {listed(siblings, shown=24)}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        shown = ["a list" if isinstance(item, tuple) else _shown(item) for item in items[:5]]
        return f"the list [{', '.join(shown)}{', …' if len(items) > 5 else ''}]"
    if isinstance(value, str):
        text = value if len(value) <= 60 else f"{value[:60]}…"
        note = " (a placeholder that was never edited)" if is_placeholder(value) else ""
        return f"{text!r}{note}"
    return str(value)
