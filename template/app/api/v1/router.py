"""Version 1 of the API: its prefix and the kernel's routes.

Routes are tried in order, and each level of inclusion is tried again: the hot ones stand first,
and no router includes another.
"""

from app.api.v1.endpoints import auth, roles, users

PREFIX = "/api/v1"
ROUTERS = (users.router, auth.router, roles.router)
