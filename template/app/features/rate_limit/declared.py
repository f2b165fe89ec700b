"""slowapi's decorators as declarations: they note a limit and leave the function as it is.

What slowapi itself would do at each call is not done: it reads its storage synchronously, which
stalls the loop when the storage hangs, and misses the routes of included routers.
"""

from collections.abc import Callable
from typing import Any

from slowapi import Limiter
from slowapi.wrappers import Limit, LimitGroup

from app.features.rate_limit.address import by_address

type Endpoint = Callable[..., Any]


class Declarations(Limiter):
    def __init__(self) -> None:
        # Not the inherited one: it reads `.env` and opens a storage, and this runs at import.
        self._limits: dict[Endpoint, list[LimitGroup]] = {}
        self._exempt: set[Endpoint] = set()

    def limit[F: Endpoint](  # type: ignore[override]  # what is not enforced is not accepted
        self,
        limit_value: str | Callable[[], str],
        key_func: Callable[..., str] | None = None,
        *,
        methods: list[str] | None = None,
        exempt_when: Callable[..., bool] | None = None,
    ) -> Callable[[F], F]:
        """Beside the limits that every request has. `key_func` takes the request and says what is
        counted as one, by default its address; it is asked before the request is authenticated.
        """
        return self._noted(limit_value, None, key_func, methods, exempt_when)

    def shared_limit[F: Endpoint](  # type: ignore[override]  # as above
        self,
        limit_value: str | Callable[[], str],
        scope: str,
        key_func: Callable[..., str] | None = None,
        *,
        exempt_when: Callable[..., bool] | None = None,
    ) -> Callable[[F], F]:
        """One count for all routes with this scope."""
        return self._noted(limit_value, scope, key_func, None, exempt_when)

    def exempt[F: Endpoint](self, function: F) -> F:
        """No limit at all, like the probes."""
        self._exempt.add(function)
        return function

    def is_exempt(self, endpoint: Endpoint) -> bool:
        return endpoint in self._exempt

    def of(self, endpoint: Endpoint) -> list[Limit]:
        return [limit for group in self._limits.get(endpoint, ()) for limit in group]

    def _noted[F: Endpoint](
        self,
        limit_value: str | Callable[[], str],
        scope: str | None,
        key_func: Callable[..., str] | None,
        methods: list[str] | None,
        exempt_when: Callable[..., bool] | None,
    ) -> Callable[[F], F]:
        def note(function: F) -> F:
            group = LimitGroup(
                limit_value,
                key_func or by_address,
                scope,
                per_method=False,
                methods=methods,
                error_message=None,
                exempt_when=exempt_when,
                cost=1,
                override_defaults=False,
            )
            list(group)  # a limit that does not parse fails here, at the decorator
            self._limits.setdefault(function, []).append(group)
            return function

        return note


limiter = Declarations()
