"""Paths as Go's ``path`` package sees them, which is not as ``os.path`` does."""

import posixpath


def base(path: str) -> str:
    """Return the last name: of ``/x/y/`` it is ``y``, of nothing ``.``."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def dir_(path: str) -> str:
    """Return what stands before the last slash, cleaned: ``/x/y`` of ``/x/y/``."""
    folder = path[: path.rfind("/") + 1]
    clean = posixpath.normpath(folder) if folder else "."
    # POSIX leaves two leading slashes alone; Go does not.
    return "/" + clean.lstrip("/") if clean.startswith("/") else clean
