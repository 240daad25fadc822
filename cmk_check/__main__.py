"""``python -m cmk_check``: the command line if only the requirements are installed."""

from cmk_check.cli import main

if __name__ == "__main__":
    main(prog_name="python -m cmk_check")
