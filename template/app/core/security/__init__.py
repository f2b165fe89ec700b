"""Secrets of the process, and what is signed, derived and hashed with them."""

from app.core.security.security import Security, SecuritySettings, install, security_of

__all__ = ["Security", "SecuritySettings", "install", "security_of"]
