"""Idempotency keys: a creating request that is sent twice has its effect once."""

from functools import partial

from fastapi import FastAPI

from app.api import openapi
from app.api.creating_route import RepeatGuard
from app.core import registry
from app.core.database import Database
from app.core.http import cors
from app.core.security import Security
from app.core.settings import Settings
from app.features.idempotency.guard import HEADER, REPLAYED, IdempotencyGuard, document
from app.features.idempotency.store import Idempotency


def install(app: FastAPI, settings: Settings) -> None:
    store = Idempotency(registry.get(app, Database), registry.get(app, Security))
    registry.add(app, Idempotency, store)
    registry.add(app, RepeatGuard, IdempotencyGuard())
    cors.add_headers(app, accepted=HEADER, exposed=REPLAYED)
    openapi.amend(app, partial(document, app), before_errors=True)
