"""etcd's keys by its JSON gateway: quick enough for thousands of puts in a test."""

import base64
import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any


class Kv:
    """Writes to one member; blocks."""

    def __init__(self, port: int) -> None:
        self._port = port

    def txn(self, puts: Mapping[str, str], gone: tuple[str, ...] = ()) -> int:
        """Put and delete in one transaction; return its revision."""
        operations: list[dict[str, Any]] = [
            {"request_put": {"key": _b64(key), "value": _b64(value)}}
            for key, value in puts.items()
        ]
        operations += [{"request_delete_range": {"key": _b64(key)}} for key in gone]
        told = self._ask("/v3/kv/txn", {"success": operations})
        return int(told["header"]["revision"])

    def compact(self, revision: int) -> None:
        """Drop all history before *revision*."""
        self._ask("/v3/kv/compaction", {"revision": str(revision)})

    def revision(self) -> int:
        """Return the store's revision: it moves with every write, whoever makes it."""
        told = self._ask("/v3/kv/range", {"key": _b64("/")})
        return int(told["header"]["revision"])

    def history(self, prefix: str, since: int) -> list[tuple[str, str | None]]:
        """Return every event below a prefix from revision *since* on, oldest first.

        Each is a key and its value; None where it went.
        """
        end = f"{prefix}~"
        last = self.txn({end: ""})
        create = {
            "key": _b64(prefix),
            "range_end": _b64(prefix + "\x7f"),
            "start_revision": str(since),
        }
        events: list[tuple[str, str | None]] = []
        with closing(
            http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        ) as connection:
            body = json.dumps({"create_request": create})
            connection.request("POST", "/v3/watch", body)
            for line in connection.getresponse():
                for event in json.loads(line)["result"].get("events", []):
                    key = _text(event["kv"]["key"])
                    gone = event.get("type") == "DELETE"
                    value = None if gone else _text(event["kv"].get("value", ""))
                    if int(event["kv"]["mod_revision"]) == last:
                        return events
                    if key != end:
                        events.append((key, value))
        raise AssertionError(events)

    def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            told = json.loads(answer.read())
            assert answer.status == 200, told
            return told
        finally:
            connection.close()


def _text(raw: str) -> str:
    return base64.b64decode(raw).decode()


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
