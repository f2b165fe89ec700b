"""Which key signs, which verify, and what becomes of them while the service runs."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.features.signing_keys.directory import KeyDirectory, write_key
from tests.support.key_files import NEW, OLD, OLDEST, new_key, put_key
from tests.support.time_travel import advance


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def opened(path: Path) -> KeyDirectory:
    directory = KeyDirectory(path, "ES256")
    assert directory.reread() == []
    return directory


def kids(directory: KeyDirectory) -> list[str]:
    return [key.kid for key in directory.verifying()]


def test_the_greatest_kid_signs_and_all_verify(path: Path) -> None:
    for kid in (NEW, OLD, OLDEST):
        put_key(path, kid, new_key("ES256"))

    directory = opened(path)

    assert directory.signing().kid == NEW
    assert kids(directory) == [OLDEST, OLD, NEW]


def test_a_new_key_verifies_at_once_and_signs_after_a_minute(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_key(path, OLD, new_key("ES256"))
    directory = opened(path)
    put_key(path, NEW, new_key("ES256"))

    assert directory.reread() == []

    assert kids(directory) == [OLD, NEW]
    assert directory.signing().kid == OLD
    advance(monkeypatch, timedelta(seconds=59))
    assert directory.signing().kid == OLD
    advance(monkeypatch, timedelta(seconds=1))
    assert directory.signing().kid == NEW


def test_a_restart_does_not_let_a_fresh_key_sign(path: Path) -> None:
    put_key(path, OLD, new_key("ES256"))
    fresh = write_key(path, "ES256")

    directory = opened(path)

    assert kids(directory) == [OLD, fresh]
    assert directory.signing().kid == OLD


def test_the_only_key_signs_however_new_it_is(path: Path) -> None:
    fresh = write_key(path, "ES256")

    assert opened(path).signing().kid == fresh


def test_an_unknown_kid_rereads_at_most_once_a_second(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_key(path, OLD, new_key("ES256"))
    directory = opened(path)
    put_key(path, NEW, new_key("ES256"))

    within_the_second = directory.find(NEW)
    advance(monkeypatch, timedelta(seconds=1))
    afterwards = directory.find(NEW)

    assert within_the_second is None
    assert afterwards is not None


@pytest.mark.parametrize("kid", ["../keys/" + OLD, "x", "", "0" * 50, OLD + "\n", OLD + "/x"])
def test_what_is_no_kid_is_not_looked_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, kid: str
) -> None:
    put_key(path, OLD, new_key("ES256"))
    directory = opened(path)
    put_key(path, NEW, new_key("ES256"))
    advance(monkeypatch, timedelta(seconds=5))

    assert directory.find(kid) is None
    assert kids(directory) == [OLD]


def test_a_key_verifies_until_its_file_is_removed(path: Path) -> None:
    old = put_key(path, OLD, new_key("ES256"))
    put_key(path, NEW, new_key("ES256"))
    directory = opened(path)

    old.unlink()
    directory.reread()

    assert kids(directory) == [NEW]
    assert directory.find(OLD) is None


def test_where_no_key_is_left_the_last_ones_stay(path: Path) -> None:
    put_key(path, OLD, new_key("ES256"))
    directory = opened(path)
    (path / f"{OLD}.pem").unlink()

    problems = directory.reread()

    assert problems == [f"{path} holds no key"]
    assert directory.signing().kid == OLD


def test_a_broken_file_is_told_and_harms_no_other_key(path: Path) -> None:
    put_key(path, OLD, new_key("ES256"))
    directory = opened(path)
    (path / f"{NEW}.pem").write_text("-----BEGIN PRIVATE KEY-----\n")

    problems = directory.reread()

    assert problems == [f"{NEW}.pem is not a private key in PEM without a passphrase"]
    assert kids(directory) == [OLD]


def test_a_key_that_was_read_outlives_the_damage_of_its_file(path: Path) -> None:
    old = put_key(path, OLD, new_key("ES256"))
    directory = opened(path)

    old.write_text("half a")

    assert directory.reread() != []
    assert kids(directory) == [OLD]


def test_a_key_is_built_once(path: Path) -> None:
    put_key(path, OLD, new_key("ES256"))
    directory = opened(path)
    before = directory.signing()

    directory.reread()

    assert directory.signing() is before


def test_a_written_key_is_private_whole_and_alone(path: Path) -> None:
    kid = write_key(path, "RS256")

    [file] = path.iterdir()
    assert file.name == f"{kid}.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert KeyDirectory(path, "RS256").reread() == []


def test_nothing_is_overwritten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = path / f"{write_key(path, 'ES256')}.pem"
    before = first.read_bytes()
    monkeypatch.setattr("app.features.signing_keys.directory.KID_FORMAT", first.stem)

    with pytest.raises(FileExistsError):
        write_key(path, "ES256")

    assert first.read_bytes() == before
    assert list(path.iterdir()) == [first]


def test_a_key_of_another_curve_or_kind_is_refused(path: Path) -> None:
    put_key(path, OLD, ec.generate_private_key(ec.SECP384R1()))
    put_key(path, NEW, new_key("RS256"))

    assert KeyDirectory(path, "ES256").reread() == [
        f"{OLD}.pem is not a key on the curve P-256, which ES256 needs",
        f"{NEW}.pem is not a key on the curve P-256, which ES256 needs",
    ]
