"""Asyncio tools that know not a word of our domain.

Each could be a library of its own; nothing here logs or knows a store.
"""
