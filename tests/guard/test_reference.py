"""What `make docs` writes into the documents, and that somebody has run it."""

import re

import pytest

from tools.reference.__main__ import RENDERERS
from tools.reference.documents import ROOT, documents, rewritten

DOCUMENTS = documents()


def test_documents_say_what_the_code_knows() -> None:
    """If this fails, run `make docs`, and read what it has changed."""
    texts = {path.relative_to(ROOT): path.read_text() for path in DOCUMENTS}

    assert [path for path, text in texts.items() if rewritten(text, RENDERERS) != text] == []


def test_every_part_is_written_and_every_renderer_used() -> None:
    """A marker that is misspelt would keep its text for ever."""
    texts = "\n".join(path.read_text() for path in DOCUMENTS)
    begun = re.findall(r"(?m)^<!-- *generated:? *([\w-]+)", texts)

    written = rewritten(texts, {name: lambda *_, name=name: f"@@{name}" for name in RENDERERS})

    assert re.findall(r"(?m)^@@([\w-]+)$", written) == begun
    assert {*begun} == {*RENDERERS}
    assert len(re.findall(r"(?m)^<!-- end -->$", texts)) == len(begun)


@pytest.mark.parametrize("marker", ["generated: nothing", "generated: settings all"])
def test_a_marker_that_no_renderer_knows_is_refused(marker: str) -> None:
    """Text between such markers would be believed to be the code's."""
    with pytest.raises((KeyError, TypeError)):
        rewritten(f"<!-- {marker} -->\n<!-- end -->", RENDERERS)
