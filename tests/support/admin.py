"""Asks the admin server of a daemon, without a process of its own for each question."""

import http.client
import json
import socket
from typing import Any

TIMEOUT_S = 10.0


class _Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self) -> None:
        """Connect to the path that stands where a host would."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def ask(admin: str, path: str) -> Any:
    """Return the JSON that is answered.

    Args:
        admin: ``unix:PATH``.
        path: of the URL.

    Raises:
        OSError: no daemon answers there.
    """
    connection = _Unix(admin.removeprefix("unix:"), timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Host": "confwatch"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
