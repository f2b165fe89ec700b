"""How fast an authenticated read is, as a share of a bare endpoint measured in the same run."""

import asyncio
from dataclasses import dataclass
from statistics import median

from loadtests import bare
from loadtests.closed_loop import Request, per_second
from loadtests.people import People

ROUNDS = 5
CONNECTIONS = 16
ME = "/api/v1/users/me"


@dataclass(frozen=True)
class Ratio:
    service_per_second: float
    bare_per_second: float
    ratio: float
    """The median of the ratios within a round: a slow moment hits both."""


def measure(service_url: str, bare_url: str, people: People, *, count: int) -> Ratio:
    """`count` requests to each in every round."""
    service = [Request(service_url + ME, one.token) for one in people.people]
    yardstick = [Request(bare_url + bare.PATH)]

    def rate(requests: list[Request], count: int) -> float:
        return asyncio.run(per_second(requests, count=count, connections=CONNECTIONS))

    rate(service, count // 4)
    rate(yardstick, count // 4)
    rounds = [(rate(service, count), rate(yardstick, count)) for _ in range(ROUNDS)]
    return Ratio(
        round(median(ours for ours, _ in rounds), 1),
        round(median(theirs for _, theirs in rounds), 1),
        round(median(ours / theirs for ours, theirs in rounds), 3),
    )
