"""Draw sentences of the project for somebody who has not seen them to read.

``python -m tools.sentences 7`` prints 200 of them: 80 of the manual, 80 of what the product says,
40 of docstrings. The same number draws the same sentences of the same commit.
"""

import argparse
import ast
import random
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_END: Final = re.compile(r"(?<=[.!?:])\s+(?=[A-Z`*[])")
_NOT_PROSE: Final = re.compile(r"```.*?```|<!--.*?-->|^[|#<>].*?$", re.DOTALL | re.MULTILINE)
_PARAGRAPH: Final = re.compile(r"\n\s*\n|\n\s*(?:[-*]|\d+\.) ")
_FEWEST_WORDS: Final = 5


def main() -> None:
    """Print a sample with the file of each sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    draw = random.Random(parser.parse_args().seed)
    git = ["git", "ls-files"]
    names = subprocess.check_output(git, cwd=_ROOT, text=True).splitlines()
    code = [name for name in names if name.startswith("cmk_check/")]
    manual = [name for name in names if name.endswith(".md") and "decisions" not in name]
    kinds = {
        "manual": (80, [pair for name in manual for pair in _in_manual(name)]),
        "product": (80, [pair for name in code for pair in _in_product(name)]),
        "docstrings": (40, [pair for name in code for pair in _in_docstrings(name)]),
    }
    for kind, (size, sentences) in kinds.items():
        print(f"\n# {kind}: {size} of {len(sentences)}\n")
        for number, (name, sentence) in enumerate(draw.sample(sentences, size), 1):
            print(f"{number}. {sentence}  [{name}]")


def _in_manual(name: str) -> Iterator[tuple[str, str]]:
    text = _NOT_PROSE.sub("\n\n", (_ROOT / name).read_text(encoding="utf-8"))
    for paragraph in _PARAGRAPH.split(text):
        yield from _split(name, paragraph)


def _in_product(name: str) -> Iterator[tuple[str, str]]:
    """Yield what users read: values of data files, and texts of the code that are no docstrings."""
    texts: Iterator[str] = iter(())
    if name.endswith(".toml"):
        texts = _strings(tomllib.loads((_ROOT / name).read_text(encoding="utf-8")))
    elif name.endswith(".py"):
        texts = _literals(ast.parse((_ROOT / name).read_text(encoding="utf-8")))
    for text in texts:
        yield from _split(name, text)


def _literals(tree: ast.Module) -> Iterator[str]:
    """Yield each literal once: f-strings whole, with X for a value, and no docstrings."""
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for text in formatted:
        values = [part.value if isinstance(part, ast.Constant) else "X" for part in text.values]
        yield "".join(map(str, values))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in parts | docstrings:
            yield str(node.value)


def _in_docstrings(name: str) -> Iterator[tuple[str, str]]:
    if not name.endswith(".py"):
        return
    for node in ast.walk(ast.parse((_ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for paragraph in _PARAGRAPH.split(ast.get_docstring(node) or ""):
                yield from _split(name, paragraph)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _split(name: str, paragraph: str) -> Iterator[tuple[str, str]]:
    for sentence in _END.split(" ".join(paragraph.split())):
        if (
            len(sentence.split()) >= _FEWEST_WORDS
            and sentence[0].isupper()
            and sentence[-1] in ".!?:"
        ):
            yield name, sentence


if __name__ == "__main__":
    main()
