"""How far a reconstructed value can be relied on."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping


class Confidence(IntEnum):
    """The lower of two is what both together are worth.

    ``EXACT``: the records alone lead to it, and nothing that could have changed it is hidden from audit. ``PROBABLE``: it
    is right unless something happened that the records cannot show. ``UNKNOWN``: there is no value.
    """

    UNKNOWN = 0
    PROBABLE = 1
    EXACT = 2


UNKNOWN, PROBABLE, EXACT = Confidence

WORDS: Mapping[Optional[Confidence], str] = {
    UNKNOWN: "unknown",
    PROBABLE: "probable",
    EXACT: "exact",
    None: "n/a",
}
"""As rows say it; None is where there is nothing to be known, as the position in a pipe."""
