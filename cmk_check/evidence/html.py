"""Build HTML that is safe by construction: text is escaped, and only ``element`` adds markup.

Characters that hide or reorder the text around them are shown as escapes, as in a terminal.
"""

from collections.abc import Iterable
from html import escape

from cmk_check.core.text import escape_invisible


class Html(str):
    """Markup, which is not escaped again."""

    __slots__ = ()


type Content = Html | str | int


def element(tag: str, /, *content: Content, **attributes: str) -> Html:
    """Return an element; a trailing ``_`` in the name of an attribute is dropped."""
    attributes_text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    if tag == "meta":  # a void element
        return Html(f"<{tag}{attributes_text}>")
    inside = "".join(map(_write, content))
    return Html(f"<{tag}{attributes_text}>{inside}</{tag}>")


def table(head: Iterable[str], rows: Iterable[Iterable[Content]]) -> Html:
    """Return a table with a header that is repeated on every printed page."""
    return element(
        "table",
        element("thead", element("tr", *(element("th", each, scope="col") for each in head))),
        element(
            "tbody",
            *(Html(element("tr", *(element("td", cell) for cell in row)) + "\n") for row in rows),
        ),
    )


def items(texts: Iterable[Content]) -> Html:
    """Return a list with an item for each text."""
    return element("ul", *(element("li", each) for each in texts))


def render_unwrapped(text: str) -> Html:
    """Return a text that a cell does not wrap; other long texts wrap anywhere."""
    return element("span", text, class_="whole")


def render_name(name: str | None, id_: str | None) -> Html:
    """Return a name with the id below it."""
    below = element("div", id_, class_="small") if id_ else ""
    return Html(element("div", name or "", class_="name") + below)


def _write(content: Content) -> str:
    return content if isinstance(content, Html) else escape(escape_invisible(str(content)))
