"""Who may call the routes of signing keys."""

from tests.support.routes import Operation

PUBLIC = {("GET", "/.well-known/jwks.json")}
ANY_USER: set[Operation] = set()
