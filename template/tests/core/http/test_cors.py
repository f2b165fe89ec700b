"""Pages of other origins: those of the list read answers, no other does."""

import pytest

from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

LISTED = "https://app.example.org"
OTHERS = (
    "https://evil.example",
    "https://app.example.org.evil.example",
    "http://app.example.org",
    "https://app.example.org:8443",
    "null",
)
ALLOWED = "Access-Control-Allow-Origin"
PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,if-match,if-none-match",
}


async def test_only_pages_of_a_listed_origin_may_read_an_answer(start: Start) -> None:
    async with start(cors_allow_origins=[LISTED]) as service:
        listed = await service.client.get("/health", headers={"Origin": LISTED})
        others = [
            await service.client.get("/health", headers={"Origin": origin}) for origin in OTHERS
        ]

    assert listed.headers[ALLOWED] == LISTED
    assert [answer.headers.get(ALLOWED) for answer in others] == [None] * len(OTHERS)
    assert {answer.headers["Vary"] for answer in (listed, *others)} == {"Origin"}


async def test_a_page_reads_the_headers_that_a_client_acts_on(start: Start) -> None:
    async with start(cors_allow_origins=[LISTED]) as service:
        answer = await service.client.get("/health", headers={"Origin": LISTED})

    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Location", "Retry-After"} <= set(exposed)


async def test_only_pages_of_a_listed_origin_may_ask_beforehand(start: Start) -> None:
    async with start(cors_allow_origins=[LISTED]) as service:
        listed = await service.client.options(
            "/api/v1/users/me", headers={"Origin": LISTED, **PREFLIGHT}
        )
        refused = await service.client.options(
            "/api/v1/users/me", headers={"Origin": OTHERS[0], **PREFLIGHT}
        )

    assert (listed.status_code, listed.headers[ALLOWED]) == (200, LISTED)
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_refused")
    assert ALLOWED not in refused.headers
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("origin", [LISTED, "null"])
async def test_without_a_list_no_page_of_another_origin_may_read(
    service: Service, origin: str
) -> None:
    answer = await service.client.get("/health", headers={"Origin": origin})

    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
