"""The schema of a service with limits says that any request may be refused."""

from typing import Any

import pytest

from app.core.http.guard import PROBES
from tests.support.service import Start

type Responses = dict[str, dict[str, Any]]


async def responses(start: Start, **settings: bool) -> dict[str, Responses]:
    async with start(**settings) as service:
        paths = service.app.openapi()["paths"]
    return {
        f"{method} {path}": operation["responses"]
        for path, methods in paths.items()
        if path not in PROBES
        for method, operation in methods.items()
    }


@pytest.mark.parametrize("with_headers", [True, False])
async def test_every_operation_may_be_refused(start: Start, *, with_headers: bool) -> None:
    found = await responses(start, rate_limit_enabled=True, rate_limit_headers_enabled=with_headers)

    assert len(found) > 20
    for name, answers in found.items():
        assert "Retry-After" in answers["429"]["headers"], name
        for answer in answers.values():
            assert ({"RateLimit", "RateLimit-Policy"} <= answer["headers"].keys()) is with_headers


async def test_without_limits_only_those_that_count_failures_refuse(start: Start) -> None:
    found = await responses(start, rate_limit_enabled=False)

    refusing = {name for name, answers in found.items() if "429" in answers}
    assert "post /api/v1/auth/login" in refusing
    assert "get /api/v1/users/me" not in refusing
