"""No value of a query leaves the process in a span: a login's code and state travel in one."""

from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor

QUERY = "url.query"
URLS = ("url.full", "http.url")


class Scrubbing(SpanProcessor):
    """FastAPI and the client's instrumentation know no name of ours: every value goes."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        attributes = span.attributes or {}
        if QUERY in attributes:
            span.set_attribute(QUERY, _names_only(str(attributes[QUERY])))
        for name in URLS:
            if name in attributes:
                span.set_attribute(name, _without_values(str(attributes[name])))


def _without_values(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=_names_only(parts.query), fragment="").geturl()


def _names_only(query: str) -> str:
    return "&".join(f"{pair.partition('=')[0]}=" for pair in query.split("&") if pair)
