"""Whether an account exists is not told by the time that an answer takes."""

import time
from collections.abc import Awaitable, Callable
from statistics import median

from tests.support.factories import make_user
from tests.support.service import Service

PAIRS = 150
ROUNDS = 3
TOLERANCE = 0.10
UNLIMITED = {
    "login_failures_per_account": 0,
    "login_failures_per_address": 0,
    "login_failures_overall": 0,
    "log_level": "CRITICAL",
}

type Ask = Callable[[Service, str, int], Awaitable[int]]
type Settle = Callable[[], Awaitable[None]]


async def settled() -> None:
    """Nothing goes on after an answer."""


async def assert_equal_time(service: Service, ask: Ask, settle: Settle = settled) -> None:
    """Medians of 150 each; a machine that was busy meanwhile gets two more rounds."""
    ratios: list[float] = []
    while len(ratios) < ROUNDS and not any(abs(ratio - 1) <= TOLERANCE for ratio in ratios):
        known = (await make_user(service)).email
        ratios.append(await _ratio_of_medians(service, ask, settle, known, len(ratios)))

    assert any(abs(ratio - 1) <= TOLERANCE for ratio in ratios), ratios


async def _ratio_of_medians(
    service: Service, ask: Ask, settle: Settle, known: str, round_number: int
) -> float:
    """Asked in turn, so that a slow moment hits both, and neither always follows the other."""
    times: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    for number in range(2 * PAIRS):
        is_known = number % 4 in {0, 3}
        unique = 2 * PAIRS * round_number + number
        email = known if is_known else f"nobody{unique}@example.com"
        started = time.perf_counter()
        statuses.add(await ask(service, email, unique))
        times[is_known].append(time.perf_counter() - started)
        await settle()
    assert len(statuses) == 1
    return median(times[True]) / median(times[False])
