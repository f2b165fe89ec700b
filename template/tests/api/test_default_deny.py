"""Every route needs a token, and most a permission, unless a list here says otherwise.

A feature lists its own routes in `tests/features/<feature>/access.py`.
"""

import pytest
from fastapi import APIRouter, Depends, FastAPI

from app.api.deps import require
from app.core import registry
from app.core.settings import Settings
from app.domains import Domain
from tests.support import features
from tests.support.factories import logged_in, make_role
from tests.support.routes import Operation, concrete, operations
from tests.support.service import Service

# These tests add to the application.
pytestmark = pytest.mark.own_service

PUBLIC = {
    ("GET", "/health"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/health/liveness"),
    ("GET", "/api/v1/health/readiness"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/token"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/revoke"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/init.js"),
    ("GET", "/docs/assets/{path}"),
    # yours below
}
ANY_USER = {
    ("GET", "/api/v1/users/me"),
    ("PATCH", "/api/v1/users/me"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/logout-all"),
    ("GET", "/api/v1/auth/sessions"),
    ("DELETE", "/api/v1/auth/sessions/{session_id:uuid}"),
    ("POST", "/api/v1/auth/reauthenticate"),
    ("POST", "/api/v1/auth/password/change"),
    # yours below
}
for access in features.modules("access"):
    PUBLIC |= access.PUBLIC
    ANY_USER |= access.ANY_USER


async def answering_other_than(
    service: Service, status: int, among: set[Operation], headers: dict[str, str] | None = None
) -> set[Operation]:
    different = set()
    for method, path in sorted(among):
        response = await service.client.request(method, concrete(path), headers=headers)
        if response.status_code != status:
            different.add((method, path))
    return different


async def test_a_route_that_is_not_public_needs_a_token(service: Service) -> None:
    routes = operations(service.app)

    assert await answering_other_than(service, 401, routes) == PUBLIC & routes
    assert routes >= PUBLIC


async def test_a_route_that_is_not_for_every_user_needs_a_permission(service: Service) -> None:
    member = (await logged_in(service, roles=("member",))).header
    guarded = operations(service.app) - PUBLIC

    assert await answering_other_than(service, 403, guarded - ANY_USER, member) == set()
    assert guarded >= ANY_USER


async def test_every_other_permission_opens_no_guarded_route(service: Service) -> None:
    member = (await logged_in(service, roles=("member",))).header
    by_permission: dict[str, set[Operation]] = {}
    for method, path in operations(service.app) - PUBLIC - ANY_USER:
        refused = await service.client.request(method, concrete(path), headers=member)
        permission = refused.json()["detail"].removesuffix(".").split()[-1]
        by_permission.setdefault(permission, set()).add((method, path))

    assert {"users:read", "users:manage", "roles:manage"} <= by_permission.keys()
    for permission, guarded in by_permission.items():
        await make_role(service, f"all-but-{permission}", *by_permission.keys() - {permission})
        user = await logged_in(service, roles=(f"all-but-{permission}",))
        assert await answering_other_than(service, 403, guarded, user.header) == set()


async def test_routes_of_domains_and_of_mounted_applications_are_seen(service: Service) -> None:
    """What is left open in them is found, or the tests above would prove nothing."""
    before = operations(service.app)
    Domain(install=install_domain).install(service.app, registry.get(service.app, Settings))

    added = operations(service.app) - before
    unguarded = await answering_other_than(service, 401, added)

    guarded = {("GET", "/billing/invoices/{number}"), ("DELETE", "/billing/invoices/{number}")}
    assert unguarded == {("POST", "/billing/deep/open"), ("GET", "/mounted/inner/open")}
    assert added - unguarded == guarded


def install_domain(app: FastAPI, settings: Settings) -> None:
    async def endpoint() -> None: ...

    guard = [Depends(require("invoices:read"))]
    invoices = APIRouter(prefix="/invoices", dependencies=guard)
    invoices.add_api_route("/{number}", endpoint, methods=["GET", "DELETE"])
    deep = APIRouter(prefix="/deep")
    deep.add_api_route("/open", endpoint, methods=["POST"])
    billing = APIRouter(prefix="/billing")
    billing.include_router(invoices)
    billing.include_router(deep)
    app.include_router(billing)
    inner = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False})
    inner.add_api_route("/open", endpoint)
    outer = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False})
    outer.mount("/inner", inner)
    app.mount("/mounted", outer)
