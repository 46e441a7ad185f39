"""Identities of age, against what age-keygen made, and against the example of BIP 173."""

from __future__ import annotations

from recette.age import bech32, identity, recipient

SECRET = bytes.fromhex("7536794ed9f1b94b7853bef2a059d4f92883fc963ea43ae06d1c638a99867e3a")
IDENTITY = "AGE-SECRET-KEY-1W5M8JNKE7XU5K7ZNHME2QKW5LY5G8LYK86JR4CRDR33C4XVX0CAQR6UL7J"
RECIPIENT = "age1xkwnm4eure2kwrgr8du7pcha33vt3vu22tu8htkesp2snnah3psqgnxn9t"


def test_an_identity_is_written_as_age_writes_it() -> None:
    assert identity(SECRET) == IDENTITY


def test_its_public_half_is_the_one_that_age_says() -> None:
    assert recipient(SECRET) == RECIPIENT


def test_the_empty_text_of_bip_173_has_its_checksum() -> None:
    assert bech32("a", b"") == "a12uel5l"
