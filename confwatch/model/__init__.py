"""Frozen values and pure functions on them: what every floor talks in.

No I/O, no asyncio, no logging here; nothing in this room knows a store by name.
"""
