"""confd's functions, by confd's names, one file for each kind of thing.

They take text, lists and numbers and know no store; what they cannot do is Refused.
"""
