"""Lets ``python -m confwatch`` do what the ``confwatch`` program does."""

from confwatch.cli import main

if __name__ == "__main__":
    main()
