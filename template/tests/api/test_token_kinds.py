"""A token of one kind is refused everywhere another is expected: only the diagonal passes."""

from tests.support.factories import make_user
from tests.support.service import Service
from tests.support.token_kinds import KINDS, PLACES


async def test_a_token_passes_only_where_its_kind_is_expected(service: Service) -> None:
    user = await make_user(service)
    passed: dict[str, set[str]] = {place: set() for place in PLACES}
    failed_badly = {}

    for kind, issue in KINDS.items():
        for name, place in PLACES.items():
            response = await place.present(service, await issue(service, user))
            if response.is_success:
                passed[name].add(kind)
            elif response.status_code not in {400, 401, 403, 404, 422}:
                failed_badly[kind, name] = response.status_code

    assert passed == {name: set(place.takes) for name, place in PLACES.items()}
    assert failed_badly == {}


async def test_every_kind_is_taken_somewhere() -> None:
    assert set().union(*(place.takes for place in PLACES.values())) == set(KINDS)
