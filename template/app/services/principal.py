"""Where `Principal` was before it moved to core; domains may go on importing it from here."""

from app.core.principal import ALL_PERMISSIONS
from app.core.principal import Principal

__all__ = ["ALL_PERMISSIONS", "Principal"]
