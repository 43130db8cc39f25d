"""One folder a store: how it is read, written and announced in.

The stores do not know each other; ``catalog`` makes one from its URL. Foreign errors
are mapped once, here, to the SourceError tree. Nobody here retries or waits: that
stands in one place, around every source.
"""
