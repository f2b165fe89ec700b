"""`app openapi`: the schema, where no server is needed to read it."""

import json

import typer

from app.main import create_app


def openapi() -> None:
    """Print the OpenAPI schema as JSON."""
    typer.echo(json.dumps(create_app().openapi(), indent=2))
