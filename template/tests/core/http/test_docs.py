"""The documentation page: of this service alone, and not in production."""

import re

import pytest

from tests.support.production import PRODUCTION
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


async def test_the_page_runs_under_a_strict_policy(service: Service) -> None:
    response = await service.client.get("/docs")

    policy = response.headers["Content-Security-Policy"]
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_the_page_has_no_inline_script_and_no_foreign_asset(service: Service) -> None:
    page = (await service.client.get("/docs")).text

    assert all(body == "" for body in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL))
    assert not re.search(r"<style|style=|\son\w+=|https?://|//cdn", page)


async def test_every_asset_of_the_page_is_served_here(service: Service) -> None:
    page = (await service.client.get("/docs")).text
    assets = re.findall(r'(?:src|href|data-schema)="([^"]+)"', page)

    responses = [await service.client.get(asset) for asset in assets]

    assert len(assets) == 5
    assert {response.status_code for response in responses} == {200}
    types = {response.headers["Content-Type"].partition(";")[0] for response in responses}
    assert types == {"image/png", "text/css", "text/javascript", "application/json"}


async def test_the_schema_describes_the_routes_and_the_login(service: Service) -> None:
    schema = (await service.client.get("/openapi.json")).json()

    assert schema["info"]["title"] == service.app.title
    assert "/api/v1/users/me" in schema["paths"]
    (flow,) = schema["components"]["securitySchemes"].values()
    assert flow["flows"]["password"]["tokenUrl"] == "/api/v1/auth/token"
    body = schema["paths"]["/api/v1/auth/token"]["post"]["requestBody"]["content"]
    assert body.keys() == {"application/json", "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/", "/docs/init.js", "/docs/assets/swagger-ui.css", "/openapi.json"]
)
async def test_nothing_of_it_is_there_in_production(start: Start, path: str) -> None:
    async with start(**PRODUCTION) as service:
        response = await service.client.get(path)

    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/docs/assets/../../../app/main.py", "/docs/assets/%2e%2e/x"])
async def test_no_other_file_is_served(service: Service, path: str) -> None:
    response = await service.client.get(path)

    assert response.status_code == 404
