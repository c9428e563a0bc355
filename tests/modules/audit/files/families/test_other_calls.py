"""Mappings, what has no name, rings, and calls that failed."""

from __future__ import annotations

from file_calls import PID, birth, call, failed, item, names, opened, places, told

_READ = call("read", 3, exit=1)


def test_a_mapping_has_a_length_and_no_position() -> None:
    """Where in the file it begins is in a sixth argument."""
    mapped = call("mmap", 0, 8192, 5, 1, exit=2**47 - 4096, told={"fd": 3, "flags": 1})
    rows = told(birth(), opened("data"), mapped)

    assert (rows[1].kind, rows[1].path, rows[1].amount) == ("MMAP", "/work/data", 8192)
    assert rows[1].flags == ("map_shared", "prot_read", "prot_exec")
    assert places(rows)[1] == ("MMAP", None, "unknown")


def test_memory_that_is_no_file_s_is_no_mapping() -> None:
    """There is no MMAP record, or it has no descriptor."""
    rows = told(
        birth(), call("mmap", 0, 4096, 3, 34), call("mmap", 0, 4096, 3, 2, told={"fd": -1, "flags": 2})
    )

    assert rows == []


def test_the_older_call_of_i386_has_its_arguments_in_memory() -> None:
    """The newer one has them in registers."""
    rows = told(
        birth(),
        opened("data"),
        call("mmap", 0xFF00, 9, 9, 9, told={"fd": 3, "flags": 2}, machine="i386"),
        call("mmap2", 0, 4096, 1, 2, told={"fd": 3, "flags": 2}, machine="i386"),
    )

    assert [(row.amount, row.flags) for row in rows[1:]] == [(None, ()), (4096, ("prot_read",))]


def test_descriptors_of_sockets_and_pipes_are_known() -> None:
    """They have no names; two are told of in one record."""
    rows = told(
        birth(),
        call("socket", 1, 0o2000001, exit=3),
        call("accept4", 3, 0, 0, 0, exit=4),
        call("socketpair", 1, 1, told={"fd0": 5, "fd1": 6}),
        call("accept", 3, 0, 0, exit=7),
        *[call("read", fd, exit=1) for fd in range(3, 8)],
        birth(),
        call("read", 3, exit=1),
    )

    assert [place[2] for place in places(rows)] == ["n/a", "n/a", "n/a", "n/a", "n/a", "n/a", "n/a"]
    assert [row.kind for row in rows[5:]] == ["CLOSE", "READ"]


def test_a_descriptor_may_have_been_received() -> None:
    """Which ones, no record tells."""
    rows = told(birth(), call("recvmsg", 5, exit=1), call("read", 9, exit=1))

    assert rows[0].flags == ("unknown_fd", "scm")


def test_a_descriptor_is_taken_from_another_process() -> None:
    """By way of a descriptor of that process."""
    rows = told(
        birth(20),
        opened("data", 7, pid=20),
        birth(),
        call("pidfd_open", 20, exit=4),
        call("pidfd_getfd", 4, 7, exit=5),
        call("read", 5, exit=1),
        call("pidfd_getfd", 4, 8, exit=6),
    )

    assert names(rows)[1:] == [
        ("DUP", "/work/data", "exact"),
        ("READ", "/work/data", "exact"),
        ("DUP", None, "unknown"),
    ]


def test_who_uses_io_uring_does_more_than_is_seen() -> None:
    """What it opened before may be closed by now, and what it reads moves positions."""
    rows = told(
        birth(), opened("data"), call("io_uring_setup", 8, exit=4), _READ, opened("new", 5), call("read", 9)
    )

    assert names(rows)[1:] == [
        ("READ", "/work/data", "probable"),
        ("OPEN", "/work/new", "exact"),
        ("READ", None, "unknown"),
    ]
    assert places(rows)[1] == ("READ", 0, "probable")
    assert rows[1].flags == ("uring",)
    assert rows[3].flags == ("unknown_fd", "uring")


def test_an_operation_of_a_ring_is_no_call() -> None:
    """Its result is not that of the operation, and its descriptor is not told."""
    operation = call("openat", machine="io_uring", exit=0, paths=(item("data"),))
    rows = told(birth(), opened("data"), operation, _READ)

    assert [row.kind for row in rows] == ["OPEN", "READ"]
    assert "stale_fd" in rows[1].flags


def test_a_failure_has_the_name_and_the_error() -> None:
    """And changes nothing."""
    rows = told(
        birth(), failed("openat", 2**32 - 100, paths=(item("gone", nametype="UNKNOWN"),)), failed("read", 77)
    )

    assert names(rows) == [("FAIL", "/work/gone", "exact"), ("FAIL", None, "n/a")]
    assert [(row.call.errno, row.fd) for row in rows] == [("ENOENT", None), ("ENOENT", 77)]


def test_a_failure_of_a_descriptor_has_its_file() -> None:
    """As with a read that was interrupted."""
    rows = told(birth(), opened("data"), failed("read", 3, errno="EINTR"), _READ)

    assert names(rows)[1:] == [("FAIL", "/work/data", "exact"), ("READ", "/work/data", "exact")]
    assert places(rows)[-1] == ("READ", 0, "exact")


def test_what_is_not_about_files_gives_nothing() -> None:
    """Whatever its arguments are."""
    nameless = call("")._replace(name=None)

    assert told(call("setuid", 0), failed("connect", 3), nameless, call("kill", PID, 9)) == []
