"""What must outlive the process: the lock, proven records, lease ids.

Small JSON files, replaced whole and synced; one that cannot be read is set aside
and counts as not there.
"""
