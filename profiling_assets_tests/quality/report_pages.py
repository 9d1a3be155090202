"""A page as a browser reads it: its text, elements and addresses."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input"}


@dataclass
class Page(HTMLParser):
    """Text outside of script and style, elements with attributes, open elements at the end."""

    text: str = ""
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.unclosed and self.unclosed[-1] not in {"script", "style"}:
            self.text += " ".join(data.split()) + "\n" if data.strip() else ""

    def all(self, tag: str, attribute: str) -> list[str]:
        return [found[attribute] for name, found in self.elements if name == tag]

    def names(self) -> set[str]:
        return {name for name, _ in self.elements}


def parsed(content: bytes) -> Page:
    page = Page()
    page.feed(content.decode())
    page.close()
    assert page.unclosed == []
    return page
