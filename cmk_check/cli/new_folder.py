"""A folder that appears complete or not at all: made under another name, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from cmk_check.errors import NotUsable


def new_folder(out: Path) -> Path:
    """Return the folder that ``--out`` names, checked before minutes of work.

    Raises:
        BadParameter: the folder is not empty, or cannot be created.

    """
    if not out.absolute().parent.is_dir():
        why = "must be in an existing folder"
    elif out.is_symlink() or (out.exists() and not out.is_dir()):
        why = "must be a folder"
    elif out.exists() and any(out.iterdir()):
        why = "must be empty or not exist, so that its old files are not mistaken for the result"
    else:
        try:
            with unfinished(out):
                return out
        except NotUsable as error:
            why = str(error)
    raise typer.BadParameter(why, param_hint="--out")


@contextmanager
def unfinished(out: Path) -> Iterator[Path]:
    """Create a working folder beside ``out`` for the block, and remove it afterwards.

    Only this user can read what the block creates, if the file system has modes.

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


def publish(folder: Path, out: Path) -> None:
    """Rename a complete folder to ``out``, which must not exist or be empty.

    Raises:
        OSError: ``out`` was created meanwhile, or the folder cannot be renamed.

    """
    try:
        folder.rename(out)
    except FileExistsError:  # Windows does not replace an empty folder
        out.rmdir()
        folder.rename(out)


def leftovers(out: Path) -> list[Path]:
    """Return the working folders beside ``out`` of commands that were interrupted or still run."""
    return sorted(out.absolute().parent.glob(f"{escape(_prefix(out))}*"))


def _prefix(out: Path) -> str:
    return f".{out.absolute().name}.unfinished."
