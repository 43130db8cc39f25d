"""Targets on disk: compare, stage, install, put back; files, modes, owners, syncs.

Everything here blocks and belongs in a thread, except where it only looks. What fails
is a DiskError, and the target is as it was.
"""
