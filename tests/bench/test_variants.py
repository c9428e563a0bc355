"""Variants of a log are what they say."""

from __future__ import annotations

import lzma
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from corpus import read_log
from streams import groups_of

from mig_audit.modules.audit.events import TableNames

if TYPE_CHECKING:
    from types import ModuleType

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def variants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the script."""
    monkeypatch.syspath_prepend(str(_ROOT / "bench"))
    import variants as script  # noqa: PLC0415  # it is a script, not a package

    return script


@pytest.fixture
def lines() -> list[bytes]:
    """Give a captured log."""
    content = lzma.decompress((_ROOT / "tests" / "data" / "records" / "file.log.xz").read_bytes())
    return content.splitlines(keepends=True)


def _types(lines: list[bytes]) -> list[list[str]]:
    groups = groups_of([line.rstrip(b"\n") for line in lines])
    return sorted([record.type for record in group.records] for group in groups)


@pytest.mark.parametrize("name", ["spread", "dense", "unique", "entropy"])
def test_the_events_are_as_they_were(variants: ModuleType, lines: list[bytes], name: str) -> None:
    """As many, of the same records."""
    varied = list(variants.VARIANTS[name](lines))

    assert len(varied) == len(lines)
    assert _types(varied) == _types(lines)


def test_without_ends_everything_else_is_there(variants: ModuleType, lines: list[bytes]) -> None:
    """In its order."""
    assert list(variants.no_eoe(lines)) == [line for line in lines if b"type=EOE" not in line]


def test_events_are_spread_over_time(variants: ModuleType, lines: list[bytes]) -> None:
    """200 a second."""
    times = re.findall(rb"audit\(([0-9]+)", b"".join(variants.spread(lines)))
    events = len(set(re.findall(rb"audit\(([^)]*)", b"".join(lines))))

    assert int(times[-1]) - int(times[0]) == (events - 1) // 200


def test_no_text_is_there_twice(variants: ModuleType, lines: list[bytes]) -> None:
    """Nor are process and inode."""
    varied = b"".join(variants.unique(lines))
    texts = Counter(re.findall(rb'\b(?:name|comm|exe|cwd)=("[^"]*"|[0-9A-F]{4,})[ \n]', varied))

    assert len(texts) > 100
    assert set(texts.values()) == {1}


@pytest.mark.parametrize("name", ["file-enriched", "user-enriched"])
def test_what_is_added_is_what_auditd_adds(variants: ModuleType, name: str) -> None:
    """But for calls that its library has no name for."""
    lines = [line + b"\n" for line in read_log(f"{name}.log.xz") if not line.startswith(b"type=TRUSTED_APP")]
    plain = [line.partition(b"\x1d")[0].rstrip(b"\n") + b"\n" for line in lines]
    names = TableNames(
        {0: "root", 1: "daemon", 2: "bin", 1000: "cloudsdk", 65534: "nobody"},
        {0: "root", 1: "daemon", 2: "bin"},
    )
    ours = list(variants.enriched(plain, names))

    assert [re.sub(rb"SYSCALL=[a-z0-9_()-]+", b"", line) for line in ours] == [
        re.sub(rb"SYSCALL=[a-z0-9_()-]+", b"", line) for line in lines
    ]
    assert sum(our == line for our, line in zip(ours, lines)) > len(lines) - 5


def test_records_of_a_node_say_so(variants: ModuleType, lines: list[bytes]) -> None:
    """Each event is of one, with numbers of its own."""
    groups = groups_of([line.rstrip(b"\n") for line in variants.nodes(lines)])
    lines = [line for line in lines if b"type=EOE" not in line]

    assert list(variants.node(lines)) == [b"node=web1.example.com " + line for line in lines]
    assert len(groups) == len(groups_of([line.rstrip(b"\n") for line in lines]))
    assert len({group.records[0].node for group in groups}) == 4


def test_random_bytes_are_random(variants: ModuleType, lines: list[bytes]) -> None:
    """And the same in each run."""
    varied = list(variants.entropy(lines))
    names = re.findall(rb"\bname=([0-9A-F]+)", b"".join(varied))

    assert len(set(names)) == len(names) > 100
    assert varied == list(variants.entropy(lines))
