"""Where an etcd is, who we are to it, and whom we trust."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from confwatch.errors import SourceRejected
from confwatch.model.keys import Key
from confwatch.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """Where etcd is and who we are.

    Attributes:
        endpoints: each ``scheme://host:port``.
        prefix: stands before every key.
        shown: the URL for people and logs.
        ca: PEM of who signs the servers' certificates; None for the system's.
        cert: PEM of our certificate; with *key*.
        key: PEM of its private key.
        user: None where etcd does not ask.
        password: of the user; None where *password_file* has it.
        password_file: read at every authentication.
        reconcile_s: seconds between proofs that no change was missed.
    """

    endpoints: tuple[str, ...]
    prefix: Key
    shown: str
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: Secret | None = None
    password_file: Path | None = None
    reconcile_s: float = 600.0


def tls(options: Options) -> ssl.SSLContext | bool:
    """Return how to trust and be trusted; the files are read now.

    Raises:
        SourceRejected: one of them cannot be used.
    """
    if not options.endpoints[0].startswith("https:"):
        return True  # aiohttp's default, and without meaning for plain HTTP
    try:
        context = ssl.create_default_context(cafile=options.ca)
        if options.cert is not None:
            context.load_cert_chain(options.cert, options.key)
    except (OSError, ssl.SSLError) as error:
        problem = f"its certificate files cannot be used: {error.strerror or error}"
        raise SourceRejected(options.shown, problem) from error
    return context
