"""What an earlier run left in the targets: loaded, still owed, or to be put back."""

from collections.abc import Mapping

from confwatch.aio.threads import finish
from confwatch.disk.present import digests
from confwatch.disk.restore import put_back
from confwatch.model.facts import PutBack, Tell
from confwatch.model.records import Proven
from confwatch.model.resource import Resource
from confwatch.model.steps import Compared, Installed


class Leftover:
    """The targets of one resource as a run before this one left them; judged once."""

    def __init__(self, resource: Resource, tell: Tell) -> None:
        self._resource = resource
        self._tell = tell
        # None before they were looked at, and once they are judged.
        self._found: Mapping[str, str | None] | None = None

    async def look(self) -> None:
        """See what is there before anything of this run is."""
        dests = self._resource.dests
        self._found = await finish(lambda: digests(dests))

    def forget(self) -> None:
        """Take it as judged: a pass brought the targets to what they should be."""
        self._found = None

    async def refused(self, proven: Proven | None) -> Installed | None:
        """Judge, once, what is there while the first pass is refused.

        Files of two versions go back to the proven one, and so does a version that a
        check of installed files may not have seen. Any other whole version may not
        have been read by its service.

        Returns:
            What is in place and owes a reload; None where nothing does.

        Raises:
            DiskError: the proven version cannot be put back.
        """
        found, self._found = self._found, None
        if found is None or proven is None:
            return None
        changed = differing(found, proven)
        if not changed or None in found.values():
            return None
        now = {dest: digest for dest, digest in found.items() if digest is not None}
        if len(changed) < len(found) or self._resource.check_installed:
            resource = self._resource
            back = await finish(lambda: put_back(resource, proven.digests))
            self._tell(PutBack(resource.name, back))
            now.update({dest: proven.digests[dest] for dest in back})
        return Installed(self._resource, now, changed)


def left_over(compared: Compared, proven: Proven | None) -> Installed | None:
    """Return what is in place without a proof that its service has read it."""
    now = {one.file.template.dest: one.digest for one in compared.files}
    changed = tuple(now) if proven is None else differing(now, proven)
    return Installed(compared.rendered.resource, now, changed) if changed else None


def differing(now: Mapping[str, str | None], proven: Proven) -> tuple[str, ...]:
    """Name the targets that are not what their service last loaded."""
    return tuple(d for d, digest in now.items() if digest != proven.digests.get(d))
