"""The only code that speaks netlink to the kernel's audit: control, status, rules, record streams, restore."""

from __future__ import annotations
