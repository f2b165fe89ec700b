"""A probe's route refuses what it would not ask."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Query

from app.api.v1.endpoints.health import Probe
from app.schemas.health import Alive


def alive() -> Alive:
    return Alive()


async def waiting() -> Alive:
    return Alive()


def asking(verbose: Annotated[bool, Query()] = False) -> Alive:
    return Alive()


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [(alive, {"dependencies": [Depends(alive)]}), (waiting, {}), (asking, {})],
)
def test_what_would_not_be_asked_is_refused(
    endpoint: Callable[..., Any], options: dict[str, Any]
) -> None:
    router = APIRouter(route_class=Probe)
    router.add_api_route("/alive", alive)

    with pytest.raises(TypeError, match="/refused is a probe"):
        router.add_api_route("/refused", endpoint, **options)


def test_dependencies_of_the_router_are_refused_too() -> None:
    router = APIRouter(route_class=Probe, dependencies=[Depends(alive)])

    with pytest.raises(TypeError, match="/refused is a probe"):
        router.add_api_route("/refused", alive)
