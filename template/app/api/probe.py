"""A route for probes: nothing of the request is read, so nothing is looked for in it."""

from collections.abc import Callable
from collections.abc import Coroutine
from inspect import iscoroutinefunction
from inspect import signature
from typing import Any

from fastapi import Request
from fastapi import Response
from fastapi.routing import APIRoute


class Probe(APIRoute):
    """Its function takes nothing, waits for nothing, and runs on the event loop.

    Raises TypeError for a route with parameters or dependencies, which would not be asked.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = self.endpoint
        if self.dependencies or signature(endpoint).parameters or iscoroutinefunction(endpoint):
            raise TypeError(f"{self.path} is a probe: no dependencies, no parameters, no async")

        async def answer(_: Request) -> Response:
            return Response(endpoint().model_dump_json(), media_type="application/json")

        return answer
