"""What a file has beside bytes, mode and owner: extended attributes, access lists."""

import errno
import os

_ACCESS_LIST = "system.posix_acl_access"
_NOT_OURS = frozenset({errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL})


def copy_attributes(target: str, descriptor: int) -> None:
    """Give a stage the extended attributes of its target, its access list among them.

    Not those that only the system may set, and that it sets by itself. An access list
    that the stage has from its folder, and its target has not, goes.

    Raises:
        OSError: one of them cannot be kept.
    """
    names = _listed(target)
    for name in names:
        try:
            value = os.getxattr(target, name, follow_symlinks=False)
            os.setxattr(descriptor, name, value)
        except OSError as error:
            if not _dispensable(name, error.errno, target, descriptor):
                raise
    if _ACCESS_LIST not in names and _ACCESS_LIST in _listed(descriptor):
        os.removexattr(descriptor, _ACCESS_LIST)


def _dispensable(name: str, number: int | None, target: str, descriptor: int) -> bool:
    """Tell whether an attribute that could not be copied is none of our business."""
    if name.startswith(("security.", "trusted.")) and number in _NOT_OURS:
        return True
    if number == errno.ENOTSUP:
        # A file mounted from another file system is written in place, and keeps them.
        return os.lstat(target).st_dev != os.fstat(descriptor).st_dev
    return number == errno.ENODATA  # it was removed just now


def _listed(file: str | int) -> list[str]:
    """List what a file has; nothing where its file system has no such thing."""
    try:
        if isinstance(file, int):
            return os.listxattr(file)
        return os.listxattr(file, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise
