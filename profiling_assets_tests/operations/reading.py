"""Reading the files of `deploy/` without the tools that they are for."""

from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's functions as nothing."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: None)


def template_resources() -> dict[str, Any]:
    """Return the resources of the template, what functions would give left out."""
    text = (DEPLOY / "ecs" / "template.yaml").read_text(encoding="utf-8")
    return yaml.load(text, _Template)["Resources"]
