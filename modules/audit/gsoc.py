"""The parameters of MIG's audit module of GSoC 2016, translated once into a document of ours.

That module POSTed each event by itself to ``serveraddress``, in MozDef's shape, with the rules of ``rulefilepath``; it
had ``outputsockets`` to listen on, and no end. Here a window of the default length is recorded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("rulefilepath", "serveraddress", "outputsockets")
"""The fields of such a document; one with any of them is one."""


def is_gsoc(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is of that kind."""
    return any(name in document for name in FIELDS)


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)  # noqa: PTH100  # the document's own words are strings
    except FileNotFoundError:  # the working directory was removed: it is told when the file is read
        return path


def translate(
    document: Mapping[str, Any], absolute: Callable[[str], str] = _absolute
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a document of ours, and where each of its values stood in the old one, by JSON paths.

    The old document must be valid. A rule file's name is relative to the working directory, as it was.
    """
    server, sockets = document.get("serveraddress"), document.get("outputsockets") or []
    sinks: list[dict[str, Any]] = []
    places = {"$.rules[0].file": "$.rulefilepath", "$.rules[0]": "$.rulefilepath"}
    if server:
        places["$.sinks[0]"] = "$.serveraddress"
        sinks.append({"type": "http", "url": server, "body": "single"})
    for index, path in enumerate(sockets):
        places[f"$.sinks[{len(sinks)}]"] = f"$.outputsockets[{index}]"
        sinks.append({"type": "unix", "path": path, "mode": "listen"})
    rules = [{"file": absolute(document["rulefilepath"])}]
    return {"rules": rules, "events": {"format": "mozdef"}, "sinks": sinks}, places
