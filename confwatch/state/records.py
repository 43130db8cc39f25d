"""Proven records, leases and drained services, below the state folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from confwatch.model.records import Proven
from confwatch.model.service import LeaseState
from confwatch.state.files import load, save, sweep


class FileRecords:
    """``contracts.Records`` in files: one each for leases and drains."""

    def __init__(self, folder: Path) -> None:
        self._proven = os.path.join(folder, "proven")
        self._leases = os.path.join(folder, "leases.json")
        self._drained = os.path.join(folder, "drained.json")

    def sweep(self) -> None:
        """Remove what a crash left half written; for who holds the lock."""
        for folder in (os.path.dirname(self._leases), self._proven):
            sweep(folder)

    def proven(self, resource: str) -> Proven | None:
        """Return what the resource's service last loaded; None where nobody knows."""
        found = load(self._path(resource), Proven)
        # Two names may share a file where a file system folds their case.
        return found if found is not None and found.resource == resource else None

    def save_proven(self, proven: Proven) -> None:
        """Replace the record of one resource, synced.

        Raises:
            DiskError: the older record stands.
        """
        save(self._path(proven.resource), proven)

    def leases(self) -> Mapping[str, LeaseState]:
        """Return the leases an earlier run left standing, by the names it gave them."""
        return load(self._leases, dict[str, LeaseState]) or {}

    def save_leases(self, leases: Mapping[str, LeaseState]) -> None:
        """Replace all leases, by name, synced.

        Raises:
            DiskError: the older ones stand.
        """
        save(self._leases, dict(leases))

    def drained(self) -> frozenset[str]:
        """Return the words by which an operator drained services."""
        return load(self._drained, frozenset[str]) or frozenset()

    def save_drained(self, words: frozenset[str]) -> None:
        """Replace these words, synced.

        Raises:
            DiskError: the older ones stand.
        """
        save(self._drained, sorted(words))

    def _path(self, resource: str) -> str:
        """Return the file of one resource; no name leads out of the folder."""
        return os.path.join(self._proven, f"{quote(resource, safe='')}.json")
