"""Measures confwatch beside the least that a machine can do: ``python -m benchmarks``.

Each module measures one thing; its first words say what, and what is asked of it.
"""
