"""Write files and folders that appear complete or not at all, by renaming them at the end."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import typer

from cmk_check.cli.options import refuse
from cmk_check.errors import NotUsable


def check_folder(out: Path) -> Path:
    """Return the folder that ``--out`` names, checked before minutes of work.

    Raises:
        BadParameter: the folder is not empty, or cannot be created.
    """
    is_other = out.is_symlink() or (out.exists() and not out.is_dir())
    is_full = not is_other and out.exists() and any(out.iterdir())
    empty = "must be empty or not exist, so that its old files are not mistaken for the result"
    refuse(("--out", "must be a folder", is_other), ("--out", empty, is_full))
    return check_output(out, "--out")


def check_output(out: Path, option: str) -> Path:
    """Return the file or folder of an option; raise BadParameter if it cannot be created."""
    is_nowhere = not out.absolute().parent.is_dir()
    refuse((option, "must be in an existing folder", is_nowhere))
    try:
        with make_working_folder(out.resolve()):
            return out
    except NotUsable as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


@contextmanager
def make_working_folder(out: Path) -> Iterator[Path]:
    """Create a working folder next to ``out`` for the block, and remove it afterwards.

    Only this user can read the files that the block creates, if the file system has modes.

    Raises:
        NotUsable: the folder could not be created, or a write in the block failed.
    """
    place, umask = out.absolute().parent, os.umask(0o077)
    try:
        with TemporaryDirectory(None, _prefix(out), place, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        raise NotUsable(f"{out} cannot be written ({error.strerror}).") from error
    finally:
        os.umask(umask)


@contextmanager
def replace_file(file: Path) -> Iterator[Callable[[bytes], object]]:
    """Write a file that replaces ``file`` at the end of the block.

    Raises:
        NotUsable: the file could not be written; an existing file is unchanged.
    """
    file = file.resolve()  # a symbolic link remains, and its target is replaced
    with make_working_folder(file) as folder:
        with (folder / "file").open("wb") as stream:
            yield stream.write
        (folder / "file").replace(file)


@contextmanager
def write_elsewhere(error: NotUsable, name: str, what: str) -> Iterator[Path]:
    """Let the block write a result to a new place, after the first place failed.

    Raises:
        NotUsable: always ``error``, which names the place after ``what`` if the result was written.
    """
    with suppress(OSError, NotUsable):
        place = Path(mkdtemp(prefix="cmk-check-"), name)
        yield place
        error.args = (f"{error} {what} in {place}.",)
    raise error


def publish(folder: Path, out: Path) -> None:
    """Rename a complete folder to ``out``, which must not exist or must be empty.

    Raises:
        OSError: ``out`` was created meanwhile, or the folder cannot be renamed.

    """
    try:
        folder.rename(out)
    except FileExistsError:  # Windows does not replace an empty folder
        out.rmdir()
        folder.rename(out)


def leftovers(out: Path) -> list[Path]:
    """Return the working folders next to ``out`` of commands that were interrupted or still run."""
    return sorted(out.absolute().parent.glob(f"{escape(_prefix(out))}*"))


def _prefix(out: Path) -> str:
    return f".{out.absolute().name}.unfinished."
