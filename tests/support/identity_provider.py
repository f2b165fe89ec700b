"""The certified `oidc-provider` on loopback, and a person who signs in on its pages."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from tests.support import node
from tests.support.process import clean_environment
from tests.support.serving import free_port

CLIENT_ID = "the-service"
CLIENT_SECRET = "what the provider knows the service by"  # noqa: S105
START_SECONDS = 60
STOP_SECONDS = 10
FORM = re.compile(r'<form [^>]*action="([^"]+)"')
DISCOVERY = "/.well-known/openid-configuration"


@contextmanager
def identity_provider(callback: str, log: Path) -> Iterator[str]:
    """Its issuer. `localhost` is not the host of the service: cookies ignore the port."""
    port = free_port()
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [callback],
        "id_token_signed_response_alg": "ES256",
    }
    facts = json.dumps({"port": port, "client": client})
    with log.open("w") as output:
        process = subprocess.Popen(
            ["node", "provider.mjs", facts],
            cwd=node.tools(),
            env=clean_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            issuer = f"http://localhost:{port}"
            _wait(issuer, process, log)
            yield issuer
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def sign_in(browser: httpx2.Client, page: httpx2.Response, login: str) -> httpx2.Response:
    """Answers the provider's forms one by one; the page after the last of them."""
    for answer in ({"prompt": "login", "login": login, "password": "any"}, {"prompt": "consent"}):
        form = FORM.search(page.text)
        assert form is not None, f"no form on {page.url}: {page.text}"
        page = browser.post(urljoin(str(page.url), form[1]), data=answer)
    return page


def _wait(issuer: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{issuer}{DISCOVERY}").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no provider within {START_SECONDS} s:\n{log.read_text()}")
