"""Routers of version 1. Routes are tried in order, and each level of inclusion is tried again:
the hot ones stand first, and none includes another.
"""

from app.api.v1.endpoints import accounts
from app.api.v1.endpoints import api_keys
from app.api.v1.endpoints import audit
from app.api.v1.endpoints import auth
from app.api.v1.endpoints import authorization
from app.api.v1.endpoints import roles
from app.api.v1.endpoints import second_factor
from app.api.v1.endpoints import sessions
from app.api.v1.endpoints import users

PREFIX = "/api/v1"
ROUTERS = (
    users.router,
    auth.router,
    authorization.router,
    second_factor.router,
    sessions.router,
    api_keys.router,
    accounts.router,
    roles.router,
    audit.router,
)
