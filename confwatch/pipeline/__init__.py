"""One resource from event to reload: coverage, planner, steps, worker, reloader.

Knows stores, templates and files only through the floors below; owns no task for
longer than a block of the daemon's.
"""
