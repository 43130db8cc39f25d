"""Commands, options, logs: wiring and exit status, no logic of its own.

Modules are imported late here, so that a command starts with what it needs.
"""

from confwatch.cli import early
from confwatch.cli.main import main

__all__ = ["early", "main"]
