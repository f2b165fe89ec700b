"""`app new job`: a job in a domain of yours, its line in the domain's record, and a test."""

from pathlib import Path
from typing import Annotated

import typer

from app.features.jobs.models import MAX_NAME_LENGTH
from tooling.new import files
from tooling.new.names import RefusedError, pascal, require_name
from tooling.new.registration import with_job


def job(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A verb: send_reminder.")],
    domain: Annotated[str, typer.Option(help="The domain that it belongs to.")],
) -> None:
    """Write a job of one of your domains, with its test, and put it into the domain's record."""
    files.run(lambda: write_job(files.PROJECT, domain, name))


def write_job(project: Path, domain: str, name: str) -> list[str]:
    """Paths of the files written. Raises RefusedError before anything is written."""
    require_name(domain)
    require_name(name)
    package = f"app/domains/{domain}"
    record = project / package / "__init__.py"
    if not record.is_file():
        raise RefusedError(f"there is no domain {domain}: write it with `app new domain` first")
    if (project / package / f"{name}_job.py").exists():
        raise RefusedError(f"{package}/{name}_job.py is there already")
    if len(f"{domain}.{name}") > MAX_NAME_LENGTH:
        raise RefusedError(f"{domain}.{name} is longer than {MAX_NAME_LENGTH} characters")
    texts = {f"{package}/__init__.py": with_job(record.read_text(), domain, name)}
    texts |= files.filled("job", plural=domain, name=name, Payload=pascal(name))
    return files.write(project, texts)
