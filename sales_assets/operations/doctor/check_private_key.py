"""Looks at Snowflake's private key: only a PEM of several lines loads in both Python and dbt.

Pure: texts in, findings out; where the texts come from is said in `rounds.py`.
"""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sales_assets.operations.doctor.findings import Finding, Notes

_BEGIN = "-----BEGIN "
_DER = b"\x30"
_MAKE = "Make one as Snowflake says: openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes256 -out key.p8."
_PASSPHRASE = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


def look_at_the_private_key(key: str, passphrase: str = "") -> list[Finding]:
    """Say whether a key loads, and if not what it is instead.

    Args:
        key: The text of the key.
        passphrase: Its passphrase; empty if it has none.
    """
    notes = Notes("Snowflake's private key")
    if fault := _not_a_pem(key.strip()):
        notes.fix(*fault)
    else:
        _load(notes, key.strip(), passphrase)
    return notes.findings


def _not_a_pem(key: str) -> tuple[str, str] | None:
    """What a text is that is no PEM of several lines, and what to do; None if it may be one."""
    if key.startswith(_BEGIN):
        if "\n" in key:
            return None
        return (
            "It is a PEM on one line.",
            "Give it real line breaks, not the two characters \\n; in .env between double quotes.",
        )
    decoded = _from_base64(key)
    if decoded.startswith(_BEGIN.encode()):
        return "It is base64 of a PEM, which dbt cannot read.", "Give the PEM itself, decoded by base64 -d."
    if decoded.startswith(_DER):
        return "It is a key in DER as base64, without the PEM's BEGIN and END lines.", _MAKE
    return f"It does not begin with {_BEGIN.strip()}.", _MAKE


def _load(notes: Notes, key: str, passphrase: str) -> None:
    try:
        loaded = load_pem_private_key(key.encode(), passphrase.encode() or None)
    except TypeError:
        if passphrase:
            notes.fix("It has no passphrase, but one is set.", f"Unset {_PASSPHRASE}.")
        else:
            notes.fix("It has a passphrase, and none is set.", f"Set {_PASSPHRASE}.")
    except (ValueError, UnsupportedAlgorithm):
        wrong = f" Or {_PASSPHRASE} is not its passphrase." if passphrase else ""
        notes.fix(f"It cannot be read; it was cut or changed on its way.{wrong}", _MAKE)
    else:
        if isinstance(loaded, RSAPrivateKey):
            notes.well(f"It loads, an RSA key of {loaded.key_size} bits.")
        else:
            notes.fix("It is no RSA key, and Snowflake takes no other.", _MAKE)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
