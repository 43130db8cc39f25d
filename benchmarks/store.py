"""A private etcd, filled and written to over one connection."""

import base64
import http.client
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.etcd import EtcdServer

PIECE = 100
"""Puts in a transaction; etcd takes 128."""


class Store:
    """One etcd and one connection to it.

    Attributes:
        server: the etcd itself.
    """

    def __init__(self, server: EtcdServer) -> None:
        self.server = server
        self._client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self._client.connect()

    @property
    def url(self) -> str:
        """As our settings name it."""
        return f"etcd://127.0.0.1:{self.server.port}"

    def put(self, key: str, value: str) -> None:
        """Put one key."""
        self._ask("/v3/kv/put", {"key": _b64(key), "value": _b64(value)})

    def put_all(self, values: Mapping[str, str]) -> None:
        """Put many keys, some at a time."""
        pairs = [{"key": _b64(k), "value": _b64(v)} for k, v in values.items()]
        for first in range(0, len(pairs), PIECE):
            piece = pairs[first : first + PIECE]
            self._ask(
                "/v3/kv/txn", {"success": [{"request_put": one} for one in piece]}
            )

    def requests(self) -> int:
        """Count the requests and streams that were begun so far."""
        self._client.request("GET", "/metrics")
        told = self._client.getresponse().read().decode()
        lines = [one for one in told.splitlines() if not one.startswith("#")]
        counts = [one for one in lines if one.startswith("grpc_server_started_total")]
        return sum(int(float(one.rpartition(" ")[2])) for one in counts)

    def count(self, prefix: str) -> int:
        """Count the keys that begin with *prefix*, which ends with a slash."""
        span = {"key": _b64(prefix), "range_end": _b64(f"{prefix[:-1]}0")}
        told = self._ask("/v3/kv/range", {**span, "count_only": True})
        return int(told.get("count", 0))

    def read(self, prefix: str) -> int:
        """Have all keys sent that begin with *prefix*; return how many bytes came."""
        span = {"key": _b64(prefix), "range_end": _b64(f"{prefix[:-1]}0")}
        self._client.request("POST", "/v3/kv/range", json.dumps(span))
        return len(self._client.getresponse().read())

    def revision(self) -> int:
        """Return the store's revision: any put or delete makes a new one."""
        return int(self._ask("/v3/kv/range", {"key": _b64("/")})["header"]["revision"])

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        self._client.request("POST", path, json.dumps(body))
        answer = self._client.getresponse()
        told = answer.read()
        assert answer.status == http.HTTPStatus.OK, told
        return json.loads(told)


@contextmanager
def store(keys: int = 0) -> Iterator[Store]:
    """Hold an etcd for the block, with so many keys below ``/bench``."""
    with tempfile.TemporaryDirectory() as folder, EtcdServer(Path(folder)) as server:
        made = Store(server)
        made.put_all({key(number): f"v{number}" for number in range(keys)})
        yield made
        made.close()


def key(number: int) -> str:
    """Name one of the keys below ``/bench``."""
    return f"/bench/{number:06}"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
