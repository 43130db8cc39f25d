"""What etcd's refusals mean."""

import pytest

from confwatch.errors import SourceError, SourceRejected, SourceUnavailable
from confwatch.stores.etcd.meaning import (
    Ahead,
    Compacted,
    Denied,
    NotFound,
    RequestRefused,
    Stale,
    meaning,
)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (3, "etcdserver: user name is empty", Stale),
        (3, "etcdserver: revision of auth store is old", Stale),
        (3, "etcdserver: key is not provided", RequestRefused),
        (5, "etcdserver: requested lease not found", NotFound),
        (7, "etcdserver: permission denied", Denied),
        (8, "etcdserver: too many requests", SourceUnavailable),
        (8, "etcdserver: mvcc: database space exceeded", RequestRefused),
        (9, "etcdserver: authentication is not enabled", SourceRejected),
        (11, "etcdserver: mvcc: required revision has been compacted", Compacted),
        (11, "etcdserver: mvcc: required revision is a future revision", Ahead),
        (16, "etcdserver: invalid auth token", Stale),
        (14, "etcdserver: no leader", None),
    ],
)
def test_code_and_words_tell_the_kind(
    code: int, words: str, kind: type[SourceError] | None
) -> None:
    told, problem = meaning(code, words)
    assert told is kind
    assert problem.endswith(words)
