"""Checks Snowflake's private key: only a PEM of several lines loads in both Python and dbt.

Pure: text in, findings out. `run_checks.py` reads the text.
"""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sales_assets.operations.doctor.findings import CheckReport, Finding

KEY_SUBJECT = "Snowflake's private key"

_BEGIN = "-----BEGIN "
_DER = b"\x30"
_CREATE = (
    "Create one as Snowflake documents: openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes256 -out key.p8."
)
_PASSPHRASE = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


def check_private_key(key: str, passphrase: str = "") -> list[Finding]:
    """Report whether a key loads, and if not, why.

    Args:
        key: The text of the key.
        passphrase: Its passphrase; empty if it has none.
    """
    report = CheckReport(KEY_SUBJECT)
    if problem := _find_wrong_format(key.strip()):
        report.problem(*problem)
    else:
        _load_key(report, key.strip(), passphrase)
    return report.findings


def _find_wrong_format(key: str) -> tuple[str, str] | None:
    """Return what is wrong with the format of a key, and what to do; None for a PEM of several lines."""
    if key.startswith(_BEGIN):
        if "\n" in key:
            return None
        return (
            "It is a PEM on one line.",
            "Use real line breaks instead of the two characters \\n; in .env, put it in double quotes.",
        )
    decoded = _decode_base64(key)
    if decoded.startswith(_BEGIN.encode()):
        return "It is base64 of a PEM, which dbt cannot read.", "Set the PEM itself, decoded with base64 -d."
    if decoded.startswith(_DER):
        return "It is DER as base64, without the BEGIN and END lines of a PEM.", _CREATE
    return f"It does not begin with {_BEGIN.strip()}.", _CREATE


def _load_key(report: CheckReport, key: str, passphrase: str) -> None:
    try:
        loaded = load_pem_private_key(key.encode(), passphrase.encode() or None)
    except TypeError:
        if passphrase:
            report.problem("It has no passphrase, but one is set.", f"Unset {_PASSPHRASE}.")
        else:
            report.problem("It has a passphrase, but none is set.", f"Set {_PASSPHRASE}.")
    except (ValueError, UnsupportedAlgorithm):
        or_passphrase = f", or {_PASSPHRASE} is not its passphrase" if passphrase else ""
        report.problem(f"It cannot be read: it is incomplete or altered{or_passphrase}.", _CREATE)
    else:
        if isinstance(loaded, RSAPrivateKey):
            report.ok(f"It loads: RSA, {loaded.key_size} bits.")
        else:
            report.problem("It is not an RSA key; Snowflake accepts only RSA.", _CREATE)


def _decode_base64(text: str) -> bytes:
    """Decode base64; empty if the text is something else."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
