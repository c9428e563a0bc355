"""MIG's action file: a list of operations, each of them a module and its parameters (mig-agent's ``-i``).

Only the operations count here. Who may run them, where and until when is what an agent looks at when an action reaches
it over the network; a file is run by who may read it, as mig-agent does.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .documents import MAX_DOCUMENT
from .errors import ParametersError, UsageError
from .validation import find_problems, parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "action.v1.schema.json"
_GZIP = 16 + zlib.MAX_WBITS  # zlib.h, inflateInit2: a gzip header and nothing else
_REMEDY = "parameters that is_compressed are JSON, compressed by gzip, in base64"


class Operation(NamedTuple):
    """A module, and its parameters as they are in the file."""

    module: str
    parameters: object
    compressed: bool

    def document(self) -> object:
        """Return the parameters; what is compressed has a document of the usual size in it at the most.

        Raises:
            UsageError: they cannot be decompressed, or are no JSON then.
        """
        if not self.compressed:
            return {} if self.parameters is None else self.parameters
        try:
            packed = base64.b64decode("".join(cast("str", self.parameters).split()), validate=True)
            unpacked = _unpacked(packed)
        except (ValueError, zlib.error) as error:
            raise UsageError(f"the compressed parameters cannot be decompressed: {error}", _REMEDY) from error
        return parse_document(unpacked, "the compressed parameters")


def parse_action(document: object) -> tuple[Operation, ...]:
    """Return the operations of an action, in order.

    Raises:
        ParametersError: it does not fit its schema; every problem is in the error.
    """
    problems = find_problems(document, SCHEMA)
    if problems:
        raise ParametersError(problems)
    operations = cast("Mapping[str, Any]", document)["operations"]
    return tuple(
        Operation(each["module"], each.get("parameters"), each.get("is_compressed", False))
        for each in operations
    )


def _unpacked(packed: bytes) -> bytes:
    """Return what gzip has packed into one member, up to the bound of every document."""
    member = zlib.decompressobj(_GZIP)
    unpacked = member.decompress(packed, MAX_DOCUMENT + 1)
    if len(unpacked) > MAX_DOCUMENT:
        raise ValueError(f"there are more than {MAX_DOCUMENT} bytes in them")
    if not member.eof:
        raise ValueError("they end too early")
    if member.unused_data:
        raise ValueError("something follows them")
    return unpacked
