"""What is encrypted at rest: read back with any live key, for its own purpose only."""

from typing import get_args

import pytest
from pydantic import SecretStr

from app.core import registry
from app.features.encryption import (
    GCM_PREFIX,
    Cipher,
    Encryption,
    EncryptionSettings,
    UndecryptableError,
)
from tests.support.service import SECRET_KEY, Start

OLD, NEW = b"o" * 32, b"n" * 32
NEW_KEY, OLD_KEY, OTHER_KEY = (f"{end}0Zk4Wm9Rt2Yp7Lc5Hn8Xq3Vb6Jd1Fs0" for end in "abc")
TEXT = "JBSWY3DPEHPK3PXP \N{SNOWMAN}"


@pytest.fixture(params=get_args(Cipher.__value__))
def cipher(request: pytest.FixtureRequest) -> Cipher:
    chosen: Cipher = request.param
    return chosen


def encryption(cipher: Cipher, *keys: bytes) -> Encryption:
    return Encryption(lambda: list(keys), cipher)


def test_what_was_encrypted_is_read_back(cipher: Cipher) -> None:
    token = encryption(cipher, NEW).encrypt("thing/1", TEXT)

    assert encryption(cipher, NEW).decrypt("thing/1", token) == TEXT


def test_a_token_tells_neither_the_text_nor_that_two_texts_are_equal(cipher: Cipher) -> None:
    first, second = (encryption(cipher, NEW).encrypt("thing/1", TEXT) for _ in range(2))

    assert TEXT not in first
    assert first != second


@pytest.mark.parametrize("purpose", ["thing/2", "provider/1", ""])
def test_a_token_of_one_purpose_is_worth_nothing_for_another(cipher: Cipher, purpose: str) -> None:
    token = encryption(cipher, NEW).encrypt("thing/1", TEXT)

    with pytest.raises(UndecryptableError):
        encryption(cipher, NEW).decrypt(purpose, token)


@pytest.mark.parametrize(
    "change", ["", "garbage", "\ud800", "gAAAAA", "gcm.", "gcm.AAAA", "gcm.\ud800", "gcm.~"]
)
def test_what_is_no_token_is_refused(cipher: Cipher, change: str) -> None:
    with pytest.raises(UndecryptableError):
        encryption(cipher, NEW).decrypt("thing/1", change)


def test_a_changed_token_is_refused(cipher: Cipher) -> None:
    token = encryption(cipher, NEW).encrypt("thing/1", TEXT)

    for place in (len(GCM_PREFIX), 40, len(token) - 4):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(UndecryptableError):
            encryption(cipher, NEW).decrypt("thing/1", changed)


def test_an_old_key_decrypts_until_it_is_dropped(cipher: Cipher) -> None:
    token = encryption(cipher, OLD).encrypt("thing/1", TEXT)

    assert encryption(cipher, NEW, OLD).decrypt("thing/1", token) == TEXT
    with pytest.raises(UndecryptableError):
        encryption(cipher, NEW).decrypt("thing/1", token)


def test_only_what_an_old_key_encrypted_is_renewed(cipher: Cipher) -> None:
    old = encryption(cipher, OLD).encrypt("thing/1", TEXT)

    renewed = encryption(cipher, NEW, OLD).renewed("thing/1", old)

    assert renewed is not None
    assert encryption(cipher, NEW).decrypt("thing/1", renewed) == TEXT
    assert encryption(cipher, NEW, OLD).renewed("thing/1", renewed) is None


def test_either_cipher_reads_what_the_other_wrote_and_renews_it_as_its_own(cipher: Cipher) -> None:
    old = encryption(cipher, OLD).encrypt("thing/1", TEXT)
    (other,) = set(get_args(Cipher.__value__)) - {cipher}

    renewed = encryption(other, OLD).renewed("thing/1", old)

    assert renewed is not None
    assert encryption(other, OLD).decrypt("thing/1", renewed) == TEXT
    assert old.startswith(GCM_PREFIX) != renewed.startswith(GCM_PREFIX)
    assert encryption(other, OLD).renewed("thing/1", renewed) is None


async def test_the_setting_says_which_cipher_encrypts(start: Start, cipher: Cipher) -> None:
    async with start(encryption_cipher=cipher) as service:
        token = registry.get(service.app, Encryption).encrypt("thing/1", TEXT)

    assert token.startswith(GCM_PREFIX) == (cipher == "aes-256-gcm")


async def test_the_secret_key_before_this_one_still_decrypts(start: Start) -> None:
    async with start() as service:
        token = registry.get(service.app, Encryption).encrypt("thing/1", TEXT)

    async with start(secret_key=SECRET_KEY[::-1], secret_key_previous=SECRET_KEY) as service:
        assert registry.get(service.app, Encryption).decrypt("thing/1", token) == TEXT


async def test_keys_of_its_own_encrypt_and_the_secret_still_decrypts(start: Start) -> None:
    async with start() as before:
        old = registry.get(before.app, Encryption).encrypt("thing/1", TEXT)
    async with start(encryption_keys=f"{NEW_KEY}, {OLD_KEY}") as service:
        encryption = registry.get(service.app, Encryption)
        token = encryption.encrypt("thing/1", TEXT)
        renewed = encryption.renewed("thing/1", old) or ""
    async with start(encryption_keys=NEW_KEY, secret_key=OTHER_KEY) as later:
        encryption = registry.get(later.app, Encryption)
        assert encryption.decrypt("thing/1", token) == TEXT
        assert encryption.decrypt("thing/1", renewed) == TEXT
        with pytest.raises(UndecryptableError):
            encryption.decrypt("thing/1", old)


def test_a_weak_key_is_named_without_its_value() -> None:
    problems = list(EncryptionSettings(encryption_keys=SecretStr(f"{NEW_KEY},short")).problems())

    assert problems == ["ENCRYPTION_KEYS: one of them needs at least 32 bytes of entropy"]
