"""The environment a template is rendered in."""

import os


def getenv(name: str, *default: str) -> str:
    """Return a variable; unset and empty are both the default."""
    return os.environ.get(name) or (default[0] if default else "")
