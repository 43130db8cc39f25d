"""Runs confwatch as it is, but with next to no wait before it asks a lost store again.

As ``python -P tests/support/impatient.py CONFWATCH-ARGUMENTS``: thousands of reconnects
would take days, a store that comes and goes being asked every half minute.
"""

from confwatch.__main__ import main
from confwatch.pipeline import follow

if __name__ == "__main__":
    follow.FIRST_WAIT_S = follow.MOST_WAIT_S = 0.001
    main()
