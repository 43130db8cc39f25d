"""Where a target really is: its symlinks followed, as far as they can be trusted."""

import os
import stat

from confwatch.disk.failing import failing
from confwatch.errors import DiskError

_MOST_LINKS = 40


def real_target(dest: str) -> str:
    """Return the file that is meant by *dest*; it need not exist.

    A link is followed if it and the folder it is in belong to root or to us: otherwise
    somebody else could point it at any file that we may write.

    Raises:
        DiskError: a folder is missing, or a link cannot be trusted.
    """
    target = dest
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(target)
        with failing(dest, "find"):
            folder = os.path.realpath(folder or ".", strict=True)
            target = os.path.join(folder, name)
            try:
                found = os.lstat(target)
            except FileNotFoundError:
                return target
            if not stat.S_ISLNK(found.st_mode):
                return target
            owners = {found.st_uid, os.stat(folder).st_uid}
            pointed = os.readlink(target)
        if not owners <= {0, os.geteuid()}:
            problem = f"its link {target} or the folder of it is somebody else's"
            raise DiskError(dest, None, "follow", problem)
        target = os.path.join(folder, pointed)
    raise DiskError(dest, None, "follow", "too many links")
