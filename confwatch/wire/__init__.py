"""Bytes in, values out: what stores say and are told. No sockets here.

Any input ends in a value or in SourceGarbled, in bounded memory.
"""
