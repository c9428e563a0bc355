"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test is timed: on a busy machine an example may take as long as it likes.
settings.register_profile("untimed")
settings.load_profile("untimed")
