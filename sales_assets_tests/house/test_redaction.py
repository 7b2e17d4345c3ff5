"""What other programs write into their errors: names and codes stay, values do not."""

import pytest

from sales_assets.redaction import LONGEST_ERROR, redact_emails, redact_error, redact_settings

POSTGRES = [
    'invalid input syntax for type integer: "Ada Lovelace"\n. SQLSTATE: 22P02',
    "ungültige Eingabesyntax für Typ integer: »Ada Lovelace«",
    'violates unique constraint "pk"\nDETAIL:  Key (email)=(Ada (Lovelace)) already exists.',
    'null value in column "email"\nDETAIL:  Failing row contains (1, Ada, Lovelace).',
    'invalid syntax\nDETAIL:  Token "Ada" is invalid.\nCONTEXT:  JSON data, line 1: Lovelace...',
    'invalid value "Ada Lovelace" for "YYYY"',
    'column "email" does not exist\nLINE 1: select email where name = \'Ada Lovel...\n               ^',
]
DUCKDB = [
    "Could not convert string 'Ada Lovelace' to INT32 when casting from source column email",
    "Could not convert string 'Ada' Lovelace' to INT32",
    "Could not convert string 'Ada\nLovelace' to INT32",
    'Constraint Error: Duplicate key "email: Ada, name: Lovelace" violates primary key constraint.',
    'invalid date field format: "Ada Lovelace", expected format is (YYYY-MM-DD)',
    "a value that was cut: 'Ada Lovelace",
]
SNOWFLAKE = [
    "Numeric value 'Ada Lovelace' is not recognized",
    'Failed to cast variant value "Ada" to Lovelace@x.org',
]


@pytest.mark.parametrize("text", POSTGRES + DUCKDB + SNOWFLAKE)
def test_no_value_is_left_in_an_error_of_a_database(text: str) -> None:
    redacted = redact_error(text)
    assert "[redacted]" in redacted or "(line 1)" in redacted
    assert "Ada" not in redacted
    assert "Lovel" not in redacted
    assert "email" not in text or "email" in redacted


@pytest.mark.parametrize(
    "text",
    [
        'column "email" of relation "customers" does not exist',
        'password authentication failed for user "locked_out"',
        'Binder Error: Referenced column "x" not found in FROM clause!\nCandidate bindings: "email"',
        'connection to server on socket "/tmp/.s.PGSQL.5432" failed: No such file or directory',
        "the value can't be cast, and dbt's model isn't built",
        "002003 (42S02): SQL compilation error: something is wrong",
    ],
)
def test_names_and_codes_stay(text: str) -> None:
    assert redact_error(text) == text


def test_snowflake_and_dbt_quote_names_like_values_and_the_names_stay() -> None:
    text = (
        "Object 'SALES.RAW.ORDERS' does not exist; invalid identifier 'EMAIL'; model 'model.sales.fct_orders'"
    )
    redacted = redact_error(text)
    assert all(name in redacted for name in ("SALES.RAW.ORDERS", "EMAIL", "model.sales.fct_orders"))


def test_a_mask_replaces_whole_values_and_a_misspelt_setting_is_shown() -> None:
    variables = {
        "DAGSTER_DEPLOYMENT": "produciton",
        "SALES_TIMEZONE": "America/NewYork",
        "SALES_LOOKBACK_DAYS": "0",
        "SALES_ERP_CURRENCY": "s3cret-W0rd",
        "ERP_POSTGRES_URL": "postgresql://u:p@ss:w/rd@h/d",
    }
    text = "produciton, America/NewYork, 0 of 2020, s3cret-W0rd; the port of u:p@ss:w/rd@h/d is wrong"
    assert redact_settings(text, variables) == (
        "produciton, America/NewYork, 0 of 2020, [redacted SALES_ERP_CURRENCY]; the port of "
        "u:[redacted ERP_POSTGRES_URL]@h/d is wrong"
    )


@pytest.mark.parametrize("part", ["x", "'", "'a ", 'a: "', "Key (a)=(", "a@", "@"])
def test_an_error_of_a_million_letters_is_cut_and_says_so(part: str) -> None:
    """Patterns that try every beginning would need hours for it."""
    text = "Conversion Error: string '" + part * 1_000_000 + "' to INT32 from column email"
    redacted = redact_error(text)
    assert len(redacted) < LONGEST_ERROR + 50
    assert redacted.endswith(f"… (cut, {len(text)} characters)")
    assert redacted.startswith("Conversion Error: string [redacted]")
    assert redact_emails("x" * 1_000_000) == "x" * 1_000_000
