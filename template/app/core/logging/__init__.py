"""Logs: one JSON object a line, without secrets."""

from app.core.logging.setup import LoggingSettings, install

__all__ = ["LoggingSettings", "install"]
