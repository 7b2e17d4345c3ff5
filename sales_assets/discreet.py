"""`Discreet`: for resources whose library declares secrets as ordinary fields, which their repr would show.

A field of our own that is a secret says so itself, by `Field(repr=False)`.
"""

from collections.abc import Iterator
from typing import Any


class Discreet:
    """A resource whose repr names its fields and shows no value; put it before the library's class."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """See pydantic's `BaseModel.__repr_args__`."""
        return ((name, "…") for name, _ in super().__repr_args__())  # type: ignore[misc]
