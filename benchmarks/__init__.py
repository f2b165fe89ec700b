"""Rates of a rendered service against a bare FastAPI application, measured in the same run."""
