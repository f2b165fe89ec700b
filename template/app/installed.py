"""Your domains, in the order in which they are installed. Updates never touch this file."""

from app.core.domain import Domain

DOMAINS: tuple[Domain, ...] = ()
