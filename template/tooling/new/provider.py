"""`app new provider`: a provider of yours in a package of its own, installed, with a test."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app import installed
from tooling.new import files
from tooling.new.names import RefusedError, require_name
from tooling.new.registration import with_domain
from tooling.reference import groups

RESERVED = {"local", "google", "okta", "entra", "github", "oidc"}
"""The password's, and those that an answer of the template brings, now or later."""
MAX_DISPLAY_LENGTH = 50


def provider(
    name: Annotated[str, typer.Argument(metavar="NAME", help="In paths and settings: acme.")],
    display_name: Annotated[
        str | None, typer.Option(help="What users read; the name where it is left out.")
    ] = None,
) -> None:
    """Write a provider through whom users sign in, with its test, and install it."""
    files.run(lambda: write_provider(files.PROJECT, name, display_name))
    prefix = name.upper()
    typer.echo(f"Next: set {prefix}_ISSUER and {prefix}_CLIENT_ID, and register the redirect URI")
    typer.echo(f"https://<this service>/api/v1/auth/callback/{name} at the provider.")


def write_provider(project: Path, name: str, display_name: str | None = None) -> list[str]:
    """Paths of the files written. Raises RefusedError before anything is written."""
    require_name(name)
    _require_free(project, name)
    shown = json.dumps(_shown(name, display_name), ensure_ascii=False)
    texts = files.filled("provider", name=name, display_name=shown)
    texts[files.INSTALLED] = with_domain((project / files.INSTALLED).read_text(), name)
    return files.write(project, texts)


def _require_free(project: Path, name: str) -> None:
    if name in RESERVED:
        raise RefusedError(f"{name} is a provider of the template: choose another name")
    if name in {one.name for domain in installed.DOMAINS for one in domain.providers}:
        raise RefusedError(f"there is a provider {name} already")
    for folder in (f"app/domains/{name}", f"tests/domains/{name}"):
        if (project / folder).exists():
            raise RefusedError(f"{folder} is there already")
    # Not those of providers, which are made at run time.
    settings = [group for group in groups() if group.__module__.startswith("app.")]
    if any(field.startswith(f"{name}_") for group in settings for field in group.model_fields):
        raise RefusedError(
            f"settings of the service begin with {name.upper()}_: choose another name"
        )


def _shown(name: str, display_name: str | None) -> str:
    if display_name is None:
        return name.replace("_", " ").capitalize()
    if not 0 < len(display_name) <= MAX_DISPLAY_LENGTH or not display_name.isprintable():
        raise RefusedError(
            f"a display name is a line of 1 to {MAX_DISPLAY_LENGTH} characters that can be seen"
        )
    if display_name != display_name.strip():
        raise RefusedError("a display name has no space before or after it")
    return display_name
