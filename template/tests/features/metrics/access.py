"""Who may call the route of metrics."""

from tests.support.routes import Operation

PUBLIC = {("GET", "/metrics")}
ANY_USER: set[Operation] = set()
