"""What a caller hands down to every program it starts, and what of it no run could work with."""

from __future__ import annotations

import os
import signal

from .stop import SIGNALS

_OTHERS = 0o077


def mend_inheritance() -> None:
    """Put right what an agent may leave behind in itself, and so in us; SIGTERM and its like stay ignored where they are.

    What is made is for its owner alone, and of use to it, whatever the umask. A process whose SIGCHLD is ignored can
    wait for no child (wait(2)): it would not know how its own processes ended. A signal that is blocked would not stop
    a run; nohup(1) ignores it instead.
    """
    os.umask(_OTHERS)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
