"""Where a target really is: its symlinks followed, as far as they can be trusted."""

import errno
import os

from confwatch.disk.failing import failing
from confwatch.disk.links import way_to
from confwatch.errors import DiskError


def real_target(dest: str, *, may_lack_folders: bool = False) -> str:
    """Return the file that is meant by *dest*; it need not exist.

    A link, at the end of the path or in the middle, is followed if it and the folder
    it is in belong to root or to us: otherwise somebody else could point it at any
    file that we may write.

    Args:
        dest: absolute path.
        may_lack_folders: folders at its end need not exist either.

    Raises:
        DiskError: a folder is missing, or a link cannot be trusted.
    """
    way = way_to(dest)
    for link in way.links:
        with failing(dest, "find"):
            owners = {os.lstat(link).st_uid, os.stat(os.path.dirname(link)).st_uid}
        if not owners <= {0, os.geteuid()}:
            problem = f"its link {link} or the folder of it is somebody else's"
            raise DiskError(dest, None, "follow", problem)
    if way.problem == errno.ELOOP:
        raise DiskError(dest, None, "follow", "too many links")
    absent = way.problem == errno.ENOENT and (way.lacking == 1 or may_lack_folders)
    if way.problem is not None and not absent:
        raise DiskError(dest, way.problem, "find")
    return way.end
