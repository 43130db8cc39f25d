"""The program from its first line: ``confwatch``, or ``python -m confwatch``."""

import atexit
import gc

STARTING = 200_000
"""New objects between two looks for garbage. Python's 700 costs a start a fifth of its
time, in which nothing is garbage."""


def main() -> None:
    """Run the command that the arguments name."""
    gc.set_threshold(STARTING)
    atexit.register(gc.freeze)  # the kernel takes all of it back faster than we
    from confwatch.cli import main as chosen

    chosen(prog_name="confwatch")


if __name__ == "__main__":
    main()
