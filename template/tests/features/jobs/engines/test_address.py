"""Where the broker is, as REDIS_URL says it."""

import pytest

from app.features.jobs.engines.address import sentinels


def test_a_single_server_is_no_sentinel() -> None:
    assert sentinels("redis://:secret@127.0.0.1:6379/2") is None


@pytest.mark.parametrize("scheme", ["redis+sentinel", "rediss+sentinel"])
def test_sentinels_are_asked_with_their_own_password(scheme: str) -> None:
    found = sentinels(f"{scheme}://ada:p%40ss@a:1,b/main/3?sentinel_password=x&ssl_ca_certs=/ca")

    assert found is not None
    assert (found.hosts, found.master, found.database) == ([("a", 1), ("b", 26379)], "main", 3)
    assert found.sentinel_options["password"] == "x"
    assert found.master_options.get("ssl", False) is (scheme == "rediss+sentinel")
    assert ("ssl_ca_certs" in found.sentinel_options) is (scheme == "rediss+sentinel")
    assert {"password", "username"}.isdisjoint(found.master_options)
