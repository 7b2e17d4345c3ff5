"""Text that would be SQL if it became part of a statement: in values, keys and names, on both engines."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from sales_assets.assets import raw_marketplace_orders
from sales_assets.catalog.partitions import partition_of_file
from sales_assets.settings import parse_settings
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.order_files import csv_file
from sales_assets_tests.support.s3 import PREFIX, S3
from sales_assets_tests.support.warehouses import WarehouseUnderTest, fake_snowflake, table, temporary_duckdb

pytestmark = pytest.mark.usefixtures("files_stay_open")

TEXTS = [
    "'; drop table raw.t; --",
    '"; drop schema raw cascade; --',
    "\\'; delete from raw.t; --",
    "$$; select 1; $$ /* */",
    "Zoë 東京 😀 %s ? :1 {x}",
]
CONTRACT = dg.TableSchema(
    columns=[
        dg.TableColumn("id", "BIGINT"),
        dg.TableColumn("at", "VARCHAR"),
        dg.TableColumn("word", "VARCHAR"),
    ]
)

both = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(temporary_duckdb, id="duckdb"),
        pytest.param(fake_snowflake, id="snowflake", marks=pytest.mark.exhaustive),
    ],
)
Engine = Callable[[Path], AbstractContextManager[WarehouseUnderTest]]


@pytest.mark.slow
@both
def test_keys_and_values_that_look_like_sql_are_stored_replaced_and_read_as_they_are(
    engine: Engine, tmp_path: Path
) -> None:
    keys = dg.StaticPartitionsDefinition(TEXTS)
    with engine(tmp_path) as warehouse:
        for _ in range(2):
            for id_, text in enumerate(TEXTS):
                rows = pd.DataFrame({"id": [id_], "at": [text], "word": [text[::-1]]})
                result = warehouse.materialize(table(rows, CONTRACT, partitions=keys), key=text)
                assert result.success
        stored = warehouse.query("select t.at, t.word from raw.t as t order by t.id")
        assert list(stored["at"]) == TEXTS
        assert list(stored["word"]) == [text[::-1] for text in TEXTS]


@pytest.mark.slow
@both
def test_a_file_whose_name_and_lines_look_like_sql_is_stored_and_replaced_as_it_is(
    engine: Engine, s3: S3, tmp_path: Path
) -> None:
    keys = [partition_of_file(f"{PREFIX}{text}.csv") for text in TEXTS]
    with engine(tmp_path) as warehouse:
        warehouse.instance.add_dynamic_partitions("marketplace_files", keys)
        for _ in range(2):
            for text, key in zip(TEXTS, keys, strict=True):
                s3.put(f"{text}.csv", csv_file({"order_id": text, "marketplace": text, "sku": text}))
                resources = {"io_manager": warehouse.io_manager, "s3": s3.quick_resource()}
                result = dg.materialize(
                    [raw_marketplace_orders],
                    partition_key=key,
                    resources=resources,
                    instance=warehouse.instance,
                )
                assert result.success
        stored = warehouse.query("select source_file, order_id, sku from raw.raw_marketplace_orders")
        assert sorted(stored["source_file"]) == sorted(keys)
        assert sorted(stored["order_id"]) == sorted(stored["sku"]) == sorted(TEXTS)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", ["SALES_TIMEZONE", "SALES_ERP_CURRENCY"])
def test_a_setting_that_would_become_part_of_dbts_sql_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is .* but it must be"):
        parse_settings({name: text})


@pytest.mark.slow
@both
def test_a_parameter_that_looks_like_sql_is_only_compared(engine: Engine, tmp_path: Path) -> None:
    with engine(tmp_path) as warehouse:
        rows = pd.DataFrame({"id": range(len(TEXTS)), "at": TEXTS, "word": TEXTS})
        whole = table(rows, CONTRACT, partitions=None)
        assert warehouse.materialize(whole).success
        for id_, text in enumerate(TEXTS):
            matching = warehouse.reader.query("select id from raw.t where word = ?", [text])
            assert list(matching["id"]) == [id_]


def test_a_customer_whose_name_looks_like_sql_comes_out_of_the_erp_as_it_is(erp: Erp) -> None:
    for id_, text in enumerate(TEXTS):
        erp.customer(id_, city=text)
        matching = erp.resource.execute_query("select id from customers where city = $1", [text])
        assert list(matching["id"]) == [id_]
