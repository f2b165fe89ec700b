"""What the schema says is what the service does: cases generated from it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support.factories import make_user, signed_in
from tests.support.service import Start

MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

# What has the right shape may still be refused: a role that does not exist, a token that was used.
NOT_PROMISED: list[CheckFunction] = [positive_data_acceptance]

# What is longer than the schema allows may be refused for the length of the whole address.
URI_TOO_LONG = "414"

type Exercise = Callable[[GenerationMode, int], None]


@pytest.fixture
def exercise(start: Start) -> Exercise:
    async def prepared() -> tuple[FastAPI, list[str]]:
        async with start() as service:
            user = await make_user(service, is_superuser=True)
            return service.app, [(await signed_in(service, user)).access for _ in range(2)]

    app, (token, other) = asyncio.run(prepared())
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, URI_TOO_LONG]

    def run(mode: GenerationMode, cases: int) -> None:
        @settings(
            max_examples=cases,
            deadline=None,
            derandomize=True,  # the same cases at every run, so that a failure is a change's
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=schema.as_strategy(generation_mode=mode))
        def check(case: Case[Any]) -> None:
            ends_its_session = case.operation.path.endswith("/logout")
            bearer = other if ends_its_session else token
            case.call_and_validate(
                headers={"Authorization": f"Bearer {bearer}"}, excluded_checks=NOT_PROMISED
            )

        check()

    return run


@pytest.mark.parametrize("mode", MODES)
def test_the_service_keeps_to_its_schema(exercise: Exercise, mode: GenerationMode) -> None:
    exercise(mode, 15)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_service_keeps_to_its_schema_over_thousands_of_cases(
    exercise: Exercise, mode: GenerationMode
) -> None:
    exercise(mode, 2_500)
