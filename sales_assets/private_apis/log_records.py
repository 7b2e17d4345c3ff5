"""Reads what Dagster attaches to the records that it hands to log handlers.

The public `JsonLogFormatter` writes all of it: a kilobyte of serialised objects for each event.
"""

import logging
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.log_manager import LOG_RECORD_METADATA_ATTR


def read_metadata(record: logging.LogRecord) -> Mapping[str, Any]:
    """What is known of a record: `run_id`, `job_name`, `job_tags`, `step_key`, `orig_message` and others."""
    metadata: Mapping[str, Any] = getattr(record, LOG_RECORD_METADATA_ATTR, {})
    return metadata


def read_event(record: logging.LogRecord) -> dg.DagsterEvent | None:
    """The event that a record is about; None for a message."""
    event: dg.DagsterEvent | None = read_metadata(record).get("dagster_event")
    return event
