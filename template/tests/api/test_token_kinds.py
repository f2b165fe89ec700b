"""A token of one kind is refused everywhere another is expected: only the diagonal passes."""

from tests.support.factories import make_user
from tests.support.service import Service
from tests.support.token_kinds import all_kinds, all_places


async def test_a_token_passes_only_where_its_kind_is_expected(service: Service) -> None:
    user = await make_user(service)
    kinds, places = all_kinds(), all_places()
    passed: dict[str, set[str]] = {kind: set() for kind in kinds}
    failed_badly = {}

    for name, kind in kinds.items():
        for place, present in places.items():
            response = await present(service, await kind.issue(service, user))
            if response.is_success:
                passed[name].add(place)
            elif response.status_code not in {400, 401, 403, 404, 422}:
                failed_badly[name, place] = response.status_code

    assert passed == {name: set(kind.places) for name, kind in kinds.items()}
    assert failed_badly == {}


async def test_every_place_takes_a_kind() -> None:
    assert set().union(*(kind.places for kind in all_kinds().values())) == all_places().keys()
