"""Your domains, in the order in which they are installed. Updates never touch this file."""

from app.domains import Domain

DOMAINS: tuple[Domain, ...] = ()
