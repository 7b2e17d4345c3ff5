"""The settings of a deployment, parsed once from the environment.

What is built from the settings (resources, schedules, the dbt project) belongs to the module of that thing.
"""

from sales_assets.settings.choices import (
    AirbyteLogin,
    Environment,
    LogFormat,
    SnowflakeSecret,
    WarehouseEngine,
)
from sales_assets.settings.environment import (
    dagster_home,
    exported,
    find_data_dir,
    our_variables,
    set_default,
    settings,
)
from sales_assets.settings.parsing import parse_settings
from sales_assets.settings.private_files import FolderError, make_private_folder
from sales_assets.settings.schema import (
    ERP_NAME,
    ROOT,
    RUNBOOK_URL,
    SNOWFLAKE_VARIABLES,
    VARIABLE_PREFIXES,
    Settings,
)

__all__ = [
    "ERP_NAME",
    "ROOT",
    "RUNBOOK_URL",
    "SNOWFLAKE_VARIABLES",
    "VARIABLE_PREFIXES",
    "AirbyteLogin",
    "Environment",
    "FolderError",
    "LogFormat",
    "Settings",
    "SnowflakeSecret",
    "WarehouseEngine",
    "dagster_home",
    "exported",
    "find_data_dir",
    "make_private_folder",
    "our_variables",
    "parse_settings",
    "set_default",
    "settings",
]
