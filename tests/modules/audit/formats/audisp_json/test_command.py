"""The command of an execve is put together as audisp-json does."""

from __future__ import annotations

import pytest
from audisp_json_lines import call, detail, head, line

CALL = call(59)


def _command(*records: str) -> bytes:
    """Return the command; the summary has the same, cut."""
    command = detail("command", CALL, *records)[-1]
    assert head(CALL, *records)[1] == (b"Execve: " + command)[:255]
    return command


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ('argc=2 a0="ls" a1="-l"', b"ls -l"),
        ('argc=2 a0="ls" a1=2D6C', b"ls -l"),
        ("argc=1 a0=612062", b"a b"),
        ("argc=1 a0=61C3A9", b"a\xc3\xa9"),
        ("argc=1 a0=610A62", b"a012b"),
        ("argc=1 a0=6122625C63", b"abc"),
        ("argc=1 a0=61006263", b"a"),
        ("argc=1 a0=0061", b"a"),
        ("argc=1 a0=6", b"6"),
        ("argc=1 a0=xyz", b"xyz"),
        ("argc=1 a0=61xyz", b"a"),
        ("argc=1 a0=(x)y", b"(x)"),
        ('argc=2 a0="a b" a1="c"', b"  c"),
        ('argc=3 a0="" a1="b" a2=""', b"b "),
        ('argc=3 a0="a" a1="" a2="c"', b"a  c"),
        ('argc=3 a0="a" a2="c"', b"a c"),
        ('argc=1 a0="a" a1="b"', b"a"),
        ('argc=9 a0="a" a1="b"', b"a b"),
        ('argc=-1 a0="a" a2="b"', b"a b"),
        ('argc=2000000000 a0="a" a7="b"', b"a b"),
        ('argc=2 a0="a" a01="b" a1[0]="c" a1_len=9', b"a"),
    ],
)
def test_arguments_are_joined_by_one_space(fields: str, command: bytes) -> None:
    """Each as libauparse interprets it: quoted, or hex as far as it goes."""
    assert _command(f"EXECVE {fields}") == command


@pytest.mark.parametrize(
    "fields", ['argc=0 a0="a"', 'a0="a"', "argc=1", 'argc=1 a0=""', 'argc=1 a0="\\"', "argc=x a0=61"]
)
def test_an_execve_without_a_command_is_not_printed(fields: str) -> None:
    """It failed, or is the first half of the start of a script."""
    assert line(CALL, f"EXECVE {fields}") is None
    assert line(CALL) is None


def test_an_argument_that_does_not_fit_is_left_out() -> None:
    """Shorter ones after it are not: there are 2,048 bytes."""
    long, longer = "x" * 2040, "y" * 100

    assert _command(f'EXECVE argc=3 a0="{long}" a1="{longer}" a2="zzzzzz"') == long.encode() + b" zzzzzz"
    assert _command(f'EXECVE argc=2 a0="{"x" * 2047}" a1="z"') == b"x" * 2047
    assert line(CALL, f'EXECVE argc=1 a0="{"x" * 2048}"') is None


def test_a_second_execve_record_makes_the_command_empty() -> None:
    """Unless it has a count of its own: it then is that of the first one's arguments."""
    first = 'EXECVE argc=2 a0="a" a1="b"'

    assert line(CALL, first, 'EXECVE a2="c"') is None
    assert detail("command", call(), first, 'EXECVE a2="c"') == [b"a b", b""]
    assert detail("command", CALL, first, 'EXECVE argc=3 a2="c"') == [b"a b", b"a b c"]


def test_a_missing_argument_is_found_in_a_later_record() -> None:
    """Though it be a register of the system call, or whatever has such a name."""
    assert _command('EXECVE argc=3 a0="a" a1="b"', call(59)) == b"a b 0x7"
    assert _command('EXECVE argc=5 a0="a"', 'SOCKADDR a4="x"') == b"a x"
    assert _command('EXECVE argc=2 a0="a"', "USER_CMD x=1 a1=61\x1dA1=enriched") == b"a enriched"
    assert _command('EXECVE argc=2 a0="a"', "USER_CMD x=1 a1=61\x1dA1=unknown-5") == b"a 0x61"


def test_without_any_field_an_argument_is_the_name_of_its_record() -> None:
    """The library is left standing there."""
    assert detail("command", call(), "EXECVE ", "EXECVE argc=3") == [b"", b"EXECVE EXECVE EXECVE"]


def test_a_forged_count_takes_no_time() -> None:
    """Only arguments that are there are looked for."""
    records = ["EXECVE ", *[f"EXECVE argc=2147483647 a{number}=61" for number in range(100)]]

    assert len(detail("command", call(), *records)) == 101
