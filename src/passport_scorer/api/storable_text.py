"""Text that PostgreSQL can hold: any but NUL."""

from __future__ import annotations

from typing import Annotated

import msgspec

# In bodies: a text with NUL is refused like any other value of the wrong shape.
StorableText = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]


def is_storable(text: str) -> bool:
    """Return False for a text that no table can hold, and which PostgreSQL refuses to look for."""
    return "\0" not in text
