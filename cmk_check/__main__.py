"""``python -m cmk_check``: the command line where nothing is installed but the requirements."""

from cmk_check.cli import main

if __name__ == "__main__":
    main(prog_name="python -m cmk_check")
