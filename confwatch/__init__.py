"""Keeps the configuration of local services equal to what a discovery store says.

The floors, from the ground up (docs/architecture.md tells each room's duty):

- ``errors``, ``model``: planned errors and frozen values; no I/O, no loop, no logging.
- ``contracts``: the Protocols that stores, sessions and records keep.
- ``aio``, ``mirror``, ``wire``, ``config``: tools, pictures, bytes and settings.
- ``stores``, ``render``, ``disk``, ``state``: everything outside this process.
- ``pipeline``, ``registration``: from event to reload; from well to announced.
- ``daemon``: owns every task.
- ``cli``: commands, options, logs.

A room imports only from floors below it; import-linter holds that.
"""

__version__ = "0.1.0"
