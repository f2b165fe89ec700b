"""Every hostile value in every parameter and every body field of every documented operation.

Nothing is answered with 500 or more, and what is secret in a request comes back nowhere.
"""

from dataclasses import dataclass
from itertools import islice

import pytest

from app.core.security import passwords
from tests.support import asgi, hostile, log
from tests.support.factories import PASSWORD, hashed, logged_in, make_role, make_user
from tests.support.hostile_requests import CANARY, Operation, Request, operations, requests
from tests.support.service import Service, Start

SHARDS = 5
SAMPLE = 11
"""The default run sends every eleventh request; `-m slow` sends all of them."""
ENOUGH = 60
"""Values for every parameter, and for every field."""


@dataclass(frozen=True)
class Attack:
    service: Service
    stride: int
    access_token: str

    async def run(self, operation: Operation) -> tuple[int, list[str]]:
        """How many requests were answered, and what was wrong with the answers."""
        user = await make_user(self.service)
        await make_role(self.service, operation.facts["operationId"])
        existing = {"user_id": str(user.id), "name": operation.facts["operationId"]}
        answered, complaints = 0, []
        every = requests(self.service.app.openapi(), operation, existing)
        for request in islice(every, 0, None, self.stride):
            answer = await self._sent(operation.method, request)
            answered += 1
            if wrong := self._complaint(answer):
                complaints.append(f"{operation.method} {request}: {wrong}"[:1000])
        return answered, complaints

    async def _sent(self, method: str, request: Request) -> asgi.Answer:
        headers = {"host": "service.test", "authorization": f"Bearer {self.access_token}"}
        headers |= request.headers | {"content-length": str(len(request.body))}
        raw = [
            (name.lower().encode(), value.encode("utf-8", "surrogatepass"))
            for name, value in headers.items()
        ]
        body = [request.body]
        return await asgi.send(self.service.app, request.target, raw, method=method, chunks=body)

    def _complaint(self, answer: asgi.Answer) -> str | None:
        text = answer.body.decode()
        if answer.status >= 500:
            return f"{answer.status}: {text}"
        if answer.status >= 400 and answer.headers["content-type"] != "application/problem+json":
            return f"{answer.status} is not a problem: {text}"
        if any(secret in text + str(answer.headers) for secret in (CANARY, self.access_token)):
            return "the answer repeats a secret"
        return None


@pytest.mark.parametrize("stride", [SAMPLE, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_no_value_anywhere_is_a_server_error(
    start: Start,
    shard: int,
    stride: int,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    hashed(PASSWORD)  # remembered as the service makes it elsewhere
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    async with start(log_format="json") as service:
        attack = Attack(service, stride, (await logged_in(service, is_superuser=True)).access)
        attacked = operations(service.app.openapi())[shard::SHARDS]
        results = [await attack.run(operation) for operation in attacked]

    output = capsysbinary.readouterr().out
    assert [complaint for _, complaints in results for complaint in complaints] == []
    assert max(answered for answered, _ in results) >= ENOUGH // stride
    assert CANARY.encode() not in output
    assert attack.access_token.encode() not in output
    completed = log.named(log.parsed(output), "request.completed")
    assert len(completed) == sum(answered for answered, _ in results)


def test_there_are_enough_values() -> None:
    assert len(set(hostile.PARAMETERS)) >= ENOUGH
    assert len({*hostile.TEXTS, *hostile.JSON}) >= ENOUGH
