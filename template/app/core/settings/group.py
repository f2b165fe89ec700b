"""A group of settings, and how it is read from one flat set of names.

Precedence: what is given, the environment, `.env`, then what was found in files and stores.
"""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

type Found = Mapping[str, str]
"""Values by the name of their setting, in lower case."""


class ConfigurationError(Exception):
    """Says every setting that is wrong, by name; never a value."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["the configuration is not usable:", *problems]))


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split)]
"""`a,b` in the environment, a list in Python."""


class SettingsGroup(BaseSettings):
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    def problems(self) -> Iterator[str]:
        """What production must not start with."""
        yield from ()

    def warnings(self) -> Iterator[str]:
        """What is allowed, and weaker than it should be."""
        yield from ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, _FoundSource(settings_cls)


@dataclass(frozen=True)
class Reader:
    env_file: Path | None
    given: Mapping[str, Any]

    def read[G: SettingsGroup](self, kind: type[G], found: Found) -> G:
        """Raises ConfigurationError that names the settings that do not parse."""
        values = {name: self.given[name] for name in kind.model_fields if name in self.given}
        token = _found.set(found)
        try:
            return kind(_env_file=self.env_file, **values)
        except ValidationError as error:
            raise ConfigurationError(
                [
                    f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}"
                    for item in error.errors(include_input=False, include_url=False)
                ]
            ) from None
        finally:
            _found.reset(token)


_found: ContextVar[Found] = ContextVar("found")


class _FoundSource(EnvSettingsSource):
    """Reads its values as if they were variables, empty ones and lists too."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: value for name, value in _found.get({}).items() if value}
