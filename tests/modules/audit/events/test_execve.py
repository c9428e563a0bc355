"""Arguments are put together from any number of records, within bounds."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events.execve import MAX_ARGUMENTS, MAX_TEXT, Arguments, parse_arguments
from mig_audit.modules.audit.records import printable


def _parse(*bodies: bytes) -> Arguments:
    return parse_arguments(bodies)[0]


def test_arguments_are_decoded() -> None:
    """Quoted and hex, empty ones too; a question mark is one here."""
    assert _parse(b'argc=4 a0="ls" a1=6120FF a2="" a3="?"') == Arguments(
        ("ls", r"a \xff", "", "?"), 4, (), ()
    )


def test_a_bare_marker_is_an_argument() -> None:
    """The kernel writes no markers in this record."""
    assert _parse(b"argc=2 a0=(null) a1=?").argv == ("(null)", "?")


def test_arguments_continue_in_further_records() -> None:
    """Which begin with two spaces and have no argc."""
    assert _parse(b'argc=3 a0="a"', b'  a1="b"', b' a2="c"').argv == ("a", "b", "c")


@pytest.mark.parametrize(
    "pieces", [(b"4C4C", b"4D4D"), (b'"LL"', b'"MM"'), (b'"LL"', b"4D4D")], ids=["hex", "quoted", "mixed"]
)
def test_a_long_argument_is_put_together(pieces: tuple[bytes, bytes]) -> None:
    """Its length counts the characters as written, quotes not."""
    length = sum(len(piece.strip(b'"')) for piece in pieces)
    first = b'argc=3 a0="x" a1_len=%d a1[0]=%b' % (length, pieces[0])

    assert _parse(first, b'  a1[1]=%b a2="y"' % pieces[1]) == Arguments(("x", "LLMM", "y"), 3, (), ())


def test_a_long_argument_that_fits_has_one_piece() -> None:
    """a1_len with a1[0] alone."""
    assert _parse(b'argc=2 a0="x" a1_len=3 a1[0]="abc"') == Arguments(("x", "abc"), 2, (), ())


@pytest.mark.parametrize("lost", [b'  a0[0]="ab"', b'  a0[1]="cd"', b'  a0[2]="ef"'])
def test_an_argument_with_a_lost_piece_is_torn(lost: bytes) -> None:
    """What is there is given, and said to be not all."""
    bodies = [b"argc=1 a0_len=6", b'  a0[0]="ab"', b'  a0[1]="cd"', b'  a0[2]="ef"']
    arguments = _parse(*(body for body in bodies if body != lost))

    assert arguments.torn == (0,)
    assert len(arguments.argv[0] or "") == 4
    assert not arguments.complete


def test_missing_arguments_are_marked() -> None:
    """One mark for each run, and the numbers of all."""
    arguments = _parse(b'argc=9 a0="a" a3="d" a4="e"')

    assert arguments == Arguments(("a", None, "d", "e", None), 9, ((1, 2), (5, 8)), ())
    assert not arguments.complete


def test_without_the_first_record_the_rest_is_given() -> None:
    """Nobody knows then how many there were."""
    assert _parse(b'  a7="h"') == Arguments((None, "h"), None, ((0, 6),), ())


def test_the_first_of_two_counts() -> None:
    """A duplicate changes nothing."""
    assert _parse(b'argc=1 a0="a" a0="b" argc=5') == Arguments(("a",), 1, (), ())


def test_fields_that_are_no_arguments_are_given_back() -> None:
    """They are somebody's evidence."""
    assert parse_arguments([b'argc=1 a0="a" argc=2 x=y a1_len=z'])[1] == [("argc", b"2"), ("x", b"y")]


@pytest.mark.parametrize("argc", [b"-1", b"", b"x", b"99999999999999999999"])
def test_a_count_that_is_none_is_given_back(argc: bytes) -> None:
    """And counts for nothing."""
    arguments, rest = parse_arguments([b'argc=%b a0="x"' % argc])

    assert arguments == Arguments(("x",), None, (), ())
    assert rest == [("argc", argc)]


@pytest.mark.parametrize(
    "body",
    [b'argc=2000000000 a0="x"', b'a9999999999="x"', b'argc=1 a0_len=1 a0[9999999999]="x"', b'a65535="x"'],
)
def test_numbers_in_records_allocate_nothing(body: bytes) -> None:
    """Memory follows the bytes that came, not what they claim."""
    tracemalloc.start()
    try:
        arguments = _parse(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(arguments.argv) <= 3
    assert peak < 200_000


def test_as_many_arguments_as_the_bound_are_given() -> None:
    """And those beyond it are marked as missing."""
    bodies = [
        b" ".join(b'a%d="x"' % number for number in range(start, start + 1000))
        for start in range(0, 67_000, 1000)
    ]
    arguments = _parse(*bodies)

    assert len(arguments.argv) == MAX_ARGUMENTS + 1
    assert arguments.missing == ((MAX_ARGUMENTS, 66_999),)


def test_as_much_text_as_the_bound_is_given() -> None:
    """One command may have 6 MiB, and every byte of it may take four characters to print."""
    bodies = [b"argc=200", *(b"  a%d=%b" % (number, b"FF" * 5000) for number in range(200))]
    arguments = _parse(*bodies)

    assert sum(len(argument or "") for argument in arguments.argv) <= MAX_TEXT
    assert arguments.missing == ((104, 199),)


def test_as_many_arguments_as_a_program_usually_gets_are_given() -> None:
    """Two mebibytes together, each with its end and its pointer (man 2 execve)."""
    size = 2**21 // MAX_ARGUMENTS - 1 - 8
    bodies = [
        b" ".join(b'a%d="%0*d"' % (number, size, number) for number in range(start, start + 256))
        for start in range(0, MAX_ARGUMENTS, 256)
    ]
    arguments = _parse(*bodies)

    assert (len(arguments.argv), arguments.missing) == (MAX_ARGUMENTS, ())


def _write(argv: list[bytes], limit: int) -> list[bytes]:
    """Write arguments as the kernel does, in hex, in records of a few fields."""
    fields = [b"argc=%d" % len(argv)]
    for index, argument in enumerate(argv):
        text = argument.hex().upper().encode()
        if not text:
            fields.append(b'a%d=""' % index)
        elif len(text) <= limit:
            fields.append(b"a%d=%b" % (index, text))
        else:
            fields.append(b"a%d_len=%d" % (index, len(text)))
            fields += [
                b"a%d[%d]=%b" % (index, n, text[n * limit : (n + 1) * limit])
                for n in range(-(-len(text) // limit))
            ]
    records = [fields[start : start + 3] for start in range(0, len(fields), 3)]
    return [(b"" if number == 0 else b"  ") + b" ".join(record) for number, record in enumerate(records)]


@given(
    st.lists(st.binary(max_size=20), min_size=1, max_size=10), st.integers(1, 6).map(lambda half: 2 * half)
)
def test_any_arguments_come_back_whole(argv: list[bytes], limit: int) -> None:
    """Whatever their bytes, and however they were cut."""
    arguments = _parse(*_write(argv, limit))

    assert arguments == Arguments(tuple(printable(argument) for argument in argv), len(argv), (), ())
