"""What is announced, as templates see it: ``services("web")``.

It reads below the registration prefix, which a resource's own prefix does not touch.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from confwatch.errors import RecordGarbled
from confwatch.model.formats import SKYDNS, skydns_folder
from confwatch.model.health import Status
from confwatch.model.instance import Instance
from confwatch.model.keys import Key, Ref, encoded, join
from confwatch.render.reads import Recorder
from confwatch.render.refused import Refused
from confwatch.render.view import StoreFunctions
from confwatch.wire.records import decode_record

ANY = "any"
MOST_FOLDERS = 1024
"""Services whose records are kept decoded; the one asked for longest ago goes first."""

_STATUSES = (*(status.value for status in Status), ANY)

_Understood: TypeAlias = Instance | RecordGarbled


@dataclass(slots=True)
class _Folder:
    """The records of one service as they were last seen.

    Attributes:
        records: by key, the value and what it came to.
        instances: those that can be understood, by id.
        skipped: the others, and what is wrong with each.
    """

    records: dict[Key, tuple[str, _Understood]] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    skipped: dict[Key, str] = field(default_factory=dict)


class Services:
    """Reads records once a change, however often they are asked for.

    Attributes:
        decoded: how many were; counted, so that a test can tell.
    """

    def __init__(self, stores: StoreFunctions, prefix: Key) -> None:
        """Read what is announced below *prefix* in the stores of the moment."""
        self.decoded = 0
        self._stores = stores
        self._prefix = prefix
        self._recorder = Recorder()
        self._folders: dict[tuple[str, Key, str], _Folder] = {}

    def note_in(self, recorder: Recorder) -> None:
        """Note in *recorder* which records are skipped from now on."""
        self._recorder = recorder

    def services(
        self,
        name: str,
        *,
        tag: str | None = None,
        status: str = Status.PASSING.value,
        domain: str | None = None,
    ) -> list[Instance]:
        """Return the instances of a service, sorted by id.

        A record that cannot be understood is left out, and noted.

        Args:
            name: of the service; ``other:web`` is web in the store named other.
            tag: only those that carry it.
            status: only those that are so; "any" for all.
            domain: read what was written for CoreDNS under this domain.

        Raises:
            Refused: there can be no such service, status or domain.
        """
        store, plain = self._stores.meant(_text("name", name))
        if not plain or "/" in plain:
            raise Refused("services: expected a service's name, such as web")
        if status not in _STATUSES:
            raise Refused(f"services: status is one of {', '.join(_STATUSES)}")
        if tag is not None:
            _text("tag", tag)
        if domain is None:
            folder = join(self._prefix, plain)
        else:
            folder = skydns_folder(SKYDNS, _text("domain", domain).strip("."), plain)
        return [
            one
            for one in self._instances(store, folder, plain)
            if status in (ANY, one.status) and (tag is None or tag in one.tags)
        ]

    def _instances(self, store: str, folder: Key, name: str) -> list[Instance]:
        """Return what is in a folder; decodes nothing that is as it was."""
        before = self._folders.pop((store, folder, name), None) or _Folder()
        known, records = before.records, dict[Key, tuple[str, _Understood]]()
        news = False
        for key, value in self._stores.right_below(store, folder):
            record = known.get(key)
            if record is None or record[0] != value:
                record, news = (value, self._decode(name, key, value)), True
            records[key] = record
        same = not news and len(records) == len(known)
        now = self._folders[store, folder, name] = before if same else _sorted(records)
        if len(self._folders) > MOST_FOLDERS:
            del self._folders[next(iter(self._folders))]
        for key, problem in now.skipped.items():
            self._recorder.skipped[Ref(store, key)] = problem
        return now.instances

    def _decode(self, name: str, key: Key, value: str) -> _Understood:
        """Understand one record, or tell why it cannot be."""
        self.decoded += 1
        try:
            return decode_record(name, key[key.rindex("/") + 1 :], encoded(value))
        except RecordGarbled as error:
            return RecordGarbled(error.problem)  # kept without its traceback


def _sorted(records: dict[Key, tuple[str, _Understood]]) -> _Folder:
    """Put records in order; of two with one id, the first by key is it."""
    by_id: dict[str, tuple[Key, Instance]] = {}
    skipped: dict[Key, str] = {}
    for key, (_, record) in records.items():
        if isinstance(record, RecordGarbled):
            skipped[key] = record.problem
            continue
        holder, _ = by_id.setdefault(record.id, (key, record))
        if holder != key:
            skipped[key] = f"has the id of {holder}"
    instances = [by_id[one][1] for one in sorted(by_id)]
    return _Folder(records, instances, skipped)


def _text(what: str, thing: object) -> str:
    """Return *thing*, which must be text.

    Raises:
        Refused: it is something else.
    """
    if not isinstance(thing, str):
        raise Refused(f"services: {what} must be text")
    return thing
