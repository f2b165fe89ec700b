"""Few ids travel alone, many together."""

from uuid import uuid4

import pytest

from app.features.jobs.engines.messages import messages


@pytest.mark.parametrize(
    ("number", "sizes"),
    [(0, []), (1, [1]), (20, [1] * 20), (50, [3] * 16 + [2]), (200, [10] * 20)],
)
def test_a_message_holds_as_many_ids_as_others_can_spare(number: int, sizes: list[int]) -> None:
    ids = [uuid4() for _ in range(number)]

    found = list(messages(ids))

    assert [len(some) for some in found] == sizes
    assert [one for some in found for one in some] == [str(one) for one in ids]
