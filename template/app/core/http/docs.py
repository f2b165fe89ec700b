"""Swagger UI from this service's own files: no foreign origin, no inline script."""

from html import escape
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from app.core.settings import Settings

ASSETS = Path(fastapi_offline.__file__).parent / "static"
INIT_SCRIPT = Path(__file__).with_name("docs.js")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>{title}</title>
    <link rel="icon" href="{root}/docs/assets/favicon.png">
    <link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui" data-schema="{root}/openapi.json"></div>
    <script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
    <script src="{root}/docs/init.js"></script>
  </body>
</html>
"""


def install(app: FastAPI, settings: Settings) -> None:
    """Nothing of it exists in production: neither the page nor the schema."""
    if settings.runtime.is_production:
        return
    app.add_route("/openapi.json", _schema, include_in_schema=False)
    app.add_route("/docs", _page, include_in_schema=False)
    app.add_route("/docs/init.js", _init_script, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=ASSETS))


async def _schema(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


async def _page(request: Request) -> Response:
    root = escape(request.scope.get("root_path", "").rstrip("/"))
    page = PAGE.format(title=escape(request.app.title), root=root)
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


async def _init_script(_: Request) -> Response:
    return FileResponse(INIT_SCRIPT, media_type="text/javascript")
