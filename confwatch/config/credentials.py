"""Who we are to the main store, from the environment.

A container gets its password there, and its URL from somebody who must not know it.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from confwatch.config.places import Findings, Place
from confwatch.config.store_settings import StoreSettings
from confwatch.model.secret import Secret

USER = "CONFWATCH_STORE_USER"
PASSWORD = "CONFWATCH_STORE_PASSWORD"  # noqa: S105 - the variable's name
PASSWORD_FILE = "CONFWATCH_STORE_PASSWORD_FILE"  # noqa: S105 - likewise
VARIABLES = frozenset({USER, PASSWORD, PASSWORD_FILE})


def with_credentials(
    store: StoreSettings, environ: Mapping[str, str], findings: Findings
) -> StoreSettings:
    """Return *store* with the user and password that the environment names.

    Raises:
        Told: half of them are missing, or the store asks nobody who he is.
    """
    given = {name: environ[name] for name in sorted(VARIABLES) if environ.get(name)}
    if not given:
        return store
    place = Place("", findings, next(iter(given)))
    if store.url.scheme == "dir":
        raise place.refuse("dir: stores ask nobody for a user")
    if USER not in given or len(given) == 1:
        raise place.refuse(
            f"{USER} and {PASSWORD} (or {PASSWORD_FILE}) belong together"
        )
    if {PASSWORD, PASSWORD_FILE} <= given.keys():
        raise place.refuse(f"{PASSWORD} and {PASSWORD_FILE}: only one can be meant")
    password, file = given.get(PASSWORD), given.get(PASSWORD_FILE)
    if file is not None and not Path(file).is_absolute():
        raise place.refuse(f"{PASSWORD_FILE}: expected an absolute path")
    return msgspec.structs.replace(
        store,
        user=given[USER],
        password=Secret(password) if password is not None else None,
        password_file=Path(file) if file is not None else None,
    )
