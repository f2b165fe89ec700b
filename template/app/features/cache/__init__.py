"""Answers that are kept for a while, in this process or in a store that a part shares."""

from app.features.cache.cache import Cache, Namespace, cache_of, cached, install
from app.features.cache.principals import keep_principals

__all__ = ["Cache", "Namespace", "cache_of", "cached", "install", "keep_principals"]
