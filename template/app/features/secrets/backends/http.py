"""One request to a store: bounded, without redirects, and JSON or a sentence."""

import ssl
from functools import lru_cache
from typing import Any

from httpx2 import Client, HTTPError, InvalidURL, create_ssl_context

from app.features.secrets.backends.document import refuse

TIMEOUT_SECONDS = 5.0
FORBIDDEN = (401, 403)


class ForbiddenError(Exception):
    """The token that was sent is not, or is no longer, one that may read."""


def ask(method: str, url: str, *, who: str, **options: Any) -> dict[str, Any]:
    """The object of an answer 200. Raises ForbiddenError, and ConfigurationError for the rest."""
    try:
        with Client(verify=_ssl_context(), timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            response = client.request(method, url, **options)
    except (HTTPError, InvalidURL, OSError) as error:
        refuse(f"{who} cannot be reached ({type(error).__name__})")
    if response.status_code in FORBIDDEN:
        raise ForbiddenError(f"{who} answered {response.status_code}")
    if response.status_code != 200:
        refuse(f"{who} answered {response.status_code}")
    try:
        answer = response.json()
    except ValueError:
        refuse(f"{who} did not answer with JSON")
    if not isinstance(answer, dict):
        refuse(f"{who} did not answer with an object")
    return answer


def at(answer: Any, *path: str, who: str) -> Any:
    """What stands there in an answer. Raises ConfigurationError where nothing does."""
    for name in path:
        if not isinstance(answer, dict) or name not in answer:
            refuse(f"{who} answered without {'.'.join(path)}")
        answer = answer[name]
    return answer


@lru_cache
def _ssl_context() -> ssl.SSLContext:
    """Made once: it reads the machine's certificates."""
    return create_ssl_context()
