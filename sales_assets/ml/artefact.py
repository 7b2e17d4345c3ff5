"""The model as it is kept: data that anybody can read, from which its forecast can be made again.

It is JSON with sorted keys: the same data and the same code give the same bytes. Nothing in it is executed.
Where it is kept belongs to `model_io_manager.py`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from sales_assets.errors import RefusedError
from sales_assets.ml.series import TOTAL

_DIGITS = 6


@dataclass(frozen=True)
class Artefact:
    """A trained model, with the evidence for it.

    Attributes:
        champion: The candidate that forecasts.
        code_version: The version of the code that trained it.
        first_day: The first day of the series, as YYYY-MM-DD.
        last_day: The last day that it knows.
        series: Revenue by series, a number or null for each day: what the forecast is made from.
        bands: See `intervals.measure_bands`.
        scores: Each candidate's scores; see `scores.score_candidates`.
        wape_by_origin: The champion's WAPE in each window of the backtest, by its first day.
        odd_days: The days that were not learned from as they are, as a sentence.
        refusals: Why it must not be published, as sentences; empty if it may be.
        holidays: Those of its days and of the days that it forecasts; see `holidays.py`.
    """

    champion: str
    code_version: str
    first_day: str
    last_day: str
    series: Mapping[str, list[float | None]]
    bands: Mapping[str, Mapping[str, list[float]]]
    scores: list[dict[str, Any]]
    wape_by_origin: Mapping[str, float]
    odd_days: str
    refusals: list[str]
    holidays: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """A hash of the data and the code that made it; what was thought of it afterwards does not count."""
        return hashlib.sha256(encode_artefact(replace(self, refusals=[]))).hexdigest()[:16]

    @property
    def history(self) -> pd.DataFrame:
        """The series as a frame; see `series.build_series`."""
        days = pd.date_range(self.first_day, self.last_day)
        segments = sorted(name for name in self.series if name != TOTAL)
        return pd.DataFrame(dict(self.series), days, [*segments, TOTAL], dtype=float)

    @property
    def score(self) -> Mapping[str, Any]:
        """The scores of the champion."""
        return next(row for row in self.scores if row["candidate"] == self.champion)


def encode_artefact(artefact: Artefact) -> bytes:
    """Write an artefact as JSON."""
    text = json.dumps(_round(asdict(artefact)), sort_keys=True, indent=1, allow_nan=False)
    return f"{text}\n".encode()


def decode_artefact(content: bytes) -> Artefact:
    """Read an artefact.

    Raises:
        RefusedError: It is no artefact of this code.
    """
    try:
        return Artefact(**json.loads(content))
    except (ValueError, TypeError):
        message = (
            "The stored model cannot be read: it is damaged, or of other code. No stored data was changed. "
            "Run `ml_pipeline_job`, which makes a new one."
        )
        raise RefusedError(message) from None


def list_values(series: pd.DataFrame) -> dict[str, list[float | None]]:
    """Write series as lists, missing days as None."""
    return {
        str(name): [None if pd.isna(value) else float(value) for value in column]
        for name, column in series.items()
    }


def _round(value: Any) -> Any:
    """Round all numbers: the last digits depend on the processor."""
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, Mapping):
        return {key: _round(each) for key, each in value.items()}
    return [_round(each) for each in value] if isinstance(value, list) else value
