"""The options of the command line that ask for tables of the greatest."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def add_top(group: argparse._ArgumentGroup, kinds: Collection[str], what: str, example: str) -> None:
    """Add the option to a group; ``what`` says what is in the tables, ``example`` names two kinds."""

    def chosen(text: str) -> list[str]:
        asked = text.split(",")
        unknown = [kind for kind in asked if kind not in kinds]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"{', '.join(unknown)} is not among {', '.join(kinds)}: name the FILE before --top"
            )
        return list(dict.fromkeys(asked))

    listed = ", ".join(kinds)
    group.add_argument(
        "--top",
        nargs="?",
        const=",".join(kinds),
        type=chosen,
        metavar="KINDS",
        help=f"instead, tables of {what} {listed} (all of them, or those named, as in --top={example})",
    )


def add_rows(group: argparse._ArgumentGroup) -> None:
    """Add how long a table may be."""
    group.add_argument(
        "-n", "--rows", type=_rows, default=10, metavar="N", help="rows of a table (default: 10)"
    )


def _rows(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows")
    return int(text)
