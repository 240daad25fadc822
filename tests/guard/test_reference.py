"""What `make docs` writes into the documents, and that somebody has run it."""

import re

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
