"""The machine a template is rendered on: environment, files."""

import os
from pathlib import Path


def getenv(name: str, *default: str) -> str:
    """Return a variable; unset and empty are both the default."""
    return os.environ.get(name) or (default[0] if default else "")


def fileExists(path: str) -> bool:
    """Tell whether a path is there, its symlinks followed; unreadable is there."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
