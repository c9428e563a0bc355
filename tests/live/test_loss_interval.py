"""What a run says of its losses, against commands that the test counted itself.

Every numbered command is one event, so what is missing is known. `MIG_AUDIT_LOSS_RUNS` is how often each way of losing
is tried (`make test-loss`: 100).
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from datetime import datetime
from typing import Any, Callable

import psutil
import pytest

pytestmark = pytest.mark.kernel

UID = 61357
MKDIR = f"-a always,exit -F arch=b64 -S mkdir,mkdirat -F uid={UID} -k numbered"
NUMBERED = """
import os
for i in range({count}):
    try:
        os.mkdir(f"/mig-audit-no-such-folder/{{i}}")
    except FileNotFoundError:
        pass
"""
CRASH = """
import os, resource, signal
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.kill(os.getpid(), signal.SIGSEGV)
"""
_RUNS = range(int(os.environ.get("MIG_AUDIT_LOSS_RUNS", "5")))
_COUNT = 10_000
_OWN = 5  # events of a run's own that can come after a raw log is full: canaries, and switching audit off
_KINDS = {b"type=SYSCALL", b"type=CWD", b"type=PATH", b"type=PROCTITLE", b"type=EOE"}

Start = Callable[..., Any]
Work = Callable[[str], str]


# When each call was done, for those who want to know how many were before some other time.
TIMED = """
import os, time
done = []
for i in range({count}):
    try:
        os.mkdir(f"/mig-audit-no-such-folder/{{i}}")
    except FileNotFoundError:
        done.append(time.time())
print(*done)
"""


def _seen(log: bytes) -> int:
    """Return of how many commands anything is in the raw log, whole or not; what is of others does not count."""
    seen: set[bytes] = set()
    others: set[bytes] = set()
    for line in log.splitlines():
        kind, _, rest = line.partition(b" msg=audit(")
        serial = rest.partition(b")")[0]
        ours = kind != b"type=SYSCALL" or line.endswith(b'key="numbered"')
        (seen if ours and kind in _KINDS else others).add(serial)
    return len(seen - others)


def _assert_holds(begun: Any, envelope: dict[str, Any], done: int) -> None:  # noqa: ANN401  # a run
    """See that the interval contains the truth."""
    loss = envelope["statistics"]["loss"]
    missing = done - _seen(begun.log.read_bytes())
    assert loss["canary"]["path"] == "alive", envelope["errors"]
    assert loss["events_missing"]["min"] <= missing <= loss["events_missing"]["max"], loss
    assert envelope["statistics"]["records"]["balanced"]
    assert bool(envelope["errors"]) == bool(loss["events_missing"]["max"] or loss["overruns"])


def _recorder(begun: Any) -> Any:  # noqa: ANN401  # psutil has no types of its own
    """Return the recorder of a run."""
    children = psutil.Process(begun.process.pid).children()
    (recorder,) = [child for child in children if "recorder.process" in str(child.cmdline())]
    return recorder


@pytest.mark.parametrize("number", _RUNS)
def test_a_healthy_run_misses_nothing(run: Start, workload: Work, number: int) -> None:  # noqa: ARG001  # only counts
    """Between 0 and 0, and that is the truth."""
    begun = run({"window": "30s", "rules": [MKDIR]})
    workload(NUMBERED.format(count=500))
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert envelope["statistics"]["loss"]["events_missing"] == {"min": 0, "max": 0, "why": ""}
    assert _seen(begun.log.read_bytes()) == 500
    _assert_holds(begun, envelope, 500)


def test_what_else_happens_on_the_host_is_one_event_more_and_none_less(run: Start, workload: Work) -> None:
    """The kernel tells of every program that crashes, whatever the rules are: a healthy run may have 501 events."""
    begun = run({"window": "30s", "rules": [MKDIR]})
    workload(NUMBERED.format(count=250))
    with pytest.raises(subprocess.CalledProcessError):
        workload(CRASH)
    workload(NUMBERED.format(count=250))
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    events = envelope["statistics"]["events"]
    assert events["total"] - events["own"] >= 501
    assert b"\ntype=ANOM_ABEND " in begun.log.read_bytes()
    assert _seen(begun.log.read_bytes()) == 500
    _assert_holds(begun, envelope, 500)


@pytest.mark.parametrize("number", _RUNS)
def test_the_interval_holds_the_truth_with_a_stalled_reader(run: Start, workload: Work, number: int) -> None:
    """It comes back while the window is open, or only to find that it is over."""
    begun = run({"window": "60s", "rules": [MKDIR], "kernel": {"receive_buffer": "64KiB"}})
    recorder = _recorder(begun)
    recorder.suspend()
    workload(NUMBERED.format(count=_COUNT))
    time.sleep(number % 5 / 2)
    if number % 2:
        begun.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    recorder.resume()
    if not number % 2:
        time.sleep(0.1)
        begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert _seen(begun.log.read_bytes()) < _COUNT
    _assert_holds(begun, envelope, _COUNT)


@pytest.mark.parametrize("number", _RUNS)
def test_the_interval_holds_the_truth_with_an_overrun_socket(run: Start, workload: Work, number: int) -> None:  # noqa: ARG001  # only counts
    """The multicast group does not wait for a reader whose buffer is full."""
    kernel = {"receive_buffer": "64KiB", "stream": "multicast"}
    begun = run({"window": "60s", "rules": [MKDIR], "kernel": kernel})
    recorder = _recorder(begun)
    recorder.suspend()
    workload(NUMBERED.format(count=_COUNT))
    recorder.resume()
    _together(workload, NUMBERED.format(count=_COUNT))
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert envelope["statistics"]["loss"]["overruns"]
    _assert_holds(begun, envelope, 3 * _COUNT)


@pytest.mark.parametrize("number", _RUNS)
def test_the_interval_holds_the_truth_with_a_refused_backlog(run: Start, workload: Work, number: int) -> None:  # noqa: ARG001  # only counts
    """The kernel drops what its queue has no room for, and gives it no serial."""
    begun = run({"window": "60s", "rules": [MKDIR], "kernel": {"backlog_limit": 64}})
    _together(workload, NUMBERED.format(count=_COUNT))
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert envelope["statistics"]["loss"]["kernel_lost"]
    _assert_holds(begun, envelope, 2 * _COUNT)


@pytest.mark.parametrize("number", _RUNS)
def test_the_interval_holds_the_truth_with_a_raw_log_that_fills(
    run: Start, workload: Work, number: int
) -> None:
    """All calls are in the kernel's queue when writing fails, and are received, and dropped."""
    begun = run({"window": "60s", "rules": [MKDIR], "raw_log": {"max_size": f"{64 << number % 4}KiB"}})
    recorder = _recorder(begun)
    recorder.suspend()
    workload(NUMBERED.format(count=2000))
    recorder.resume()
    envelope = begun.finish()

    loss, missing = envelope["statistics"]["loss"], 2000 - _seen(begun.log.read_bytes())
    assert envelope["elements"]["window"]["reason"] == "raw-log"
    assert loss["events_missing"]["min"] <= missing <= loss["events_missing"]["max"] <= missing + _OWN, loss
    assert "could not be written" in loss["events_missing"]["why"]
    _assert_holds(begun, envelope, 2000)


@pytest.mark.parametrize("number", _RUNS)
def test_the_interval_holds_the_truth_where_calls_go_on_behind_a_full_raw_log(
    run: Start, workload: Work, number: int
) -> None:
    """Of those that were done before the window ended, whatever comes until audit is switched off."""
    begun = run({"window": "60s", "rules": [MKDIR], "raw_log": {"max_size": f"{64 << number % 4}KiB"}})
    times = workload(TIMED.format(count=2 * _COUNT)).split()
    envelope = begun.finish()

    ended = datetime.fromisoformat(envelope["elements"]["window"]["ended"]).timestamp()
    done = sum(float(each) < ended for each in times)
    missing, loss = done - _seen(begun.log.read_bytes()), envelope["statistics"]["loss"]
    assert 0 < done < len(times)
    assert loss["events_missing"]["min"] <= missing <= loss["events_missing"]["max"], loss
    assert envelope["statistics"]["records"]["balanced"]
    assert begun.code == 1


def _together(workload: Work, program: str) -> None:
    threads = [threading.Thread(target=workload, args=(program,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
