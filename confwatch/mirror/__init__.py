"""The tree of what we know of a store, and the globs asked of it. Pure.

A mirror is changed in place, on the loop, between renders; it never waits.
"""
