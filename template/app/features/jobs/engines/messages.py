"""How ids of jobs are spread over messages: few ids alone, so that every worker gets some, many
together, because a message costs as much as a job that does nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import batched
from uuid import UUID

SPREAD = 20
"""So many messages at least, where there are as many ids."""
MAX_IDS = 10
"""In one message: what one worker takes at once, no other runs before it is given again."""


def messages(ids: Sequence[UUID]) -> Iterator[list[str]]:
    size = min(MAX_IDS, -(-len(ids) // SPREAD))
    return (list(map(str, some)) for some in batched(ids, max(1, size)))
