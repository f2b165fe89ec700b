"""A directory of secrets as Kubernetes mounts it: every version whole, behind one link."""

import shutil
from itertools import count
from pathlib import Path


class SecretFiles:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._values: dict[str, str] = {}
        self._versions = (f"..version_{number}" for number in count(1))
        directory.mkdir()
        self.put()

    def put(self, **values: str | None) -> None:
        """In the next version these have other values, or, with None, are gone."""
        merged = {**self._values, **{name.upper(): value for name, value in values.items()}}
        self._values = {name: value for name, value in merged.items() if value is not None}
        version = self.directory / next(self._versions)
        version.mkdir()
        for name, value in self._values.items():
            (version / name).write_text(value)
        self._swap(version)

    def _swap(self, version: Path) -> None:
        link, fresh = self.directory / "..data", self.directory / "..data_tmp"
        before = link.resolve() if link.is_symlink() else None
        fresh.symlink_to(version.name)
        fresh.rename(link)
        for name in self._values:
            shown = self.directory / name
            if not shown.is_symlink():
                shown.symlink_to(Path("..data") / name)
        if before is not None:
            shutil.rmtree(before)
