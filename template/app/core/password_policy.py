"""What a new password must be, wherever it is set: by a route, an administrator or a command.

NIST SP 800-63B-4: a length and a blocklist; no composition rules, and nothing is cut or folded.
"""

import hashlib
from collections.abc import Iterable

import httpx2
import structlog

from app.core import about
from app.core.errors import Unprocessable
from app.core.password_blocklist import is_blocked

log = structlog.get_logger("app.passwords")

BREACH_CHECK_TIMEOUT_SECONDS = 2.0
PREFIX_LENGTH = 5
MAX_ANSWER_BYTES = 1_000_000


class PasswordPolicy:
    def __init__(self, min_length: int, breach_check_url: str | None = None) -> None:
        self._min_length = min_length
        self._breach_check_url = breach_check_url

    async def check(self, password: str, *names: str) -> None:
        """`names` are the username and the address of whose password it is.

        Raises Unprocessable `password_too_short` or `password_blocked`.
        """
        self.check_offline(password, names)
        if self._breach_check_url and await self._is_breached(password, self._breach_check_url):
            raise _blocked("This password stands in a list of stolen ones.")

    def check_offline(self, password: str, names: Iterable[str]) -> None:
        if len(password) < self._min_length:
            raise Unprocessable(
                "password_too_short", f"A password has at least {self._min_length} characters."
            )
        if is_blocked(password, (about.project().name, *names)):
            raise _blocked("This password is too easy to guess; a few unrelated words are better.")

    async def _is_breached(self, password: str, url: str) -> bool:
        """Only five characters of the SHA-1 leave the service; no answer counts as not found."""
        digest = hashlib.sha1(
            password.encode("utf-8", "surrogatepass"), usedforsecurity=False
        ).hexdigest()
        prefix, suffix = digest[:PREFIX_LENGTH], digest[PREFIX_LENGTH:]
        try:
            answer = await _fetched(f"{url.rstrip('/')}/{prefix.upper()}")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log.warning("password.breach_check_failed", error=type(error).__name__)
            return False
        return _counted(answer, suffix.upper())


async def _fetched(url: str) -> str:
    async with httpx2.AsyncClient(timeout=BREACH_CHECK_TIMEOUT_SECONDS) as client:
        response = await client.get(url, headers={"Add-Padding": "true"})
        return response.raise_for_status().text[:MAX_ANSWER_BYTES]


def _counted(answer: str, suffix: str) -> bool:
    """Lines are `SUFFIX:COUNT`; padding has a count of 0."""
    return any(
        line.partition(":")[0].upper() == suffix and line.partition(":")[2].strip() != "0"
        for line in answer.splitlines()
    )


def _blocked(detail: str) -> Unprocessable:
    return Unprocessable("password_blocked", detail)
