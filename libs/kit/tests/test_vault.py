"""What is sealed opens in its own place, with its own keyset, unaltered; else it does not open."""

import pytest

from aether.kit.vault import Vault, VaultRefused, new_keyset

PLACE = ("account-1", "host-key", "machine-1", "1")


@pytest.fixture(scope="module")
def keyset() -> str:
    return new_keyset()


def test_a_secret_opens_where_it_was_sealed(keyset: str) -> None:
    sealed = Vault(keyset).seal(b"a private key", *PLACE)
    assert b"private" not in sealed
    assert Vault(keyset).open(sealed, *PLACE) == b"a private key"


@pytest.mark.parametrize(
    "place",
    [
        ("account-2", "host-key", "machine-1", "1"),
        ("account-1", "user-ca", "machine-1", "1"),
        ("account-1", "host-key", "machine-2", "1"),
        ("account-1", "host-key", "machine-1", "2"),
        ("account-1", "host-keymachine-1", "", "1"),
        ("account-1", "host-key", "machine-1"),
        (),
    ],
)
def test_a_ciphertext_that_was_moved_does_not_open(keyset: str, place: tuple[str, ...]) -> None:
    vault = Vault(keyset)
    with pytest.raises(VaultRefused):
        vault.open(vault.seal(b"secret", *PLACE), *place)


def test_a_place_may_not_hold_the_mark_between_its_words(keyset: str) -> None:
    with pytest.raises(ValueError, match="separator"):
        Vault(keyset).seal(b"secret", "account-1\x1fhost-key", "machine-1", "1")


def test_a_changed_byte_does_not_open(keyset: str) -> None:
    vault = Vault(keyset)
    sealed = bytearray(vault.seal(b"secret", *PLACE))
    for position in range(0, len(sealed), 5):
        changed = bytes(sealed[:position]) + bytes([sealed[position] ^ 1]) + bytes(sealed[position + 1 :])
        with pytest.raises(VaultRefused):
            vault.open(changed, *PLACE)


@pytest.mark.parametrize("sealed", [b"", b"x", b"\x00" * 64])
def test_what_was_never_sealed_does_not_open(keyset: str, sealed: bytes) -> None:
    with pytest.raises(VaultRefused):
        Vault(keyset).open(sealed, *PLACE)


def test_another_keyset_does_not_open_it(keyset: str) -> None:
    sealed = Vault(keyset).seal(b"secret", *PLACE)
    with pytest.raises(VaultRefused):
        Vault(new_keyset()).open(sealed, *PLACE)
