"""Elastic Common Schema 8.11.0.

Every field is one of ECS's own, but for those below ``auditd``, which ECS leaves to the source: what it has no field
for. ``user`` is who logged in, where that is known, and ``user.effective`` whose rights were used, as ECS tells a user
from the one they became; ``process.user``, ``process.real_user`` and ``process.saved_user`` are the process's three
ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import mig_audit
from mig_audit.modules.audit.events.command_line import MISSING
from mig_audit.modules.audit.events.names import UNSET
from mig_audit.modules.audit.formats.actors import command
from mig_audit.modules.audit.formats.ecs_taxonomy import classify
from mig_audit.modules.audit.formats.enriched import around, unknown
from mig_audit.modules.audit.formats.file_actions import file_kind, permissions
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.network import remote
from mig_audit.modules.audit.formats.rest import field_of
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Identity, Origin, PathItem
    from mig_audit.modules.audit.events.enrichment import Ancestor

Fields = dict[str, Any]

VERSION = "8.11.0"
_OUTCOMES = {True: "success", False: "failure", None: "unknown"}
_DIRECTIONS = {"source": "ingress", "destination": "egress"}


class EcsFormat:
    """Encodes events for Elasticsearch and whoever reads ECS.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "ecs"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        host = event.node or self._hostname
        document: Fields = {
            "@timestamp": event.timestamp,
            "message": summarise(event),
            "tags": [key for key in event.keys if key],
            "ecs": {"version": VERSION},
            "event": _event(event, host),
            "host": {"hostname": host, "name": host},
            "agent": {"type": mig_audit.PROGRAM, "version": mig_audit.__version__},
            "process": _process(event),
            "user": _user(event),
            "file": _file(event),
            "error": {"code": event.syscall and event.syscall.errno},
            "service": {"name": field_of(event, "unit")},
            "container": _container(event),
            "threat": _threat(event),
            "auditd": _auditd(event),
        }
        _add_network(document, event)
        _add_related(document, event, host)
        return to_json(_pruned(document))


def _pruned(fields: Fields) -> Fields:
    """Return the fields that have a value; a plain loop, since it sees every value of every event."""
    kept: Fields = {}
    for key, value in fields.items():
        pruned = _pruned(value) if isinstance(value, dict) else value
        if pruned or pruned == 0:
            kept[key] = pruned
    return kept


def _event(event: Event, host: str) -> Fields:
    categories, types = classify(event)
    syscall, message = event.syscall, event.message
    action = (message and message.op) or (syscall and syscall.name)
    return {
        "kind": "event",
        "module": "audit",
        "dataset": "audit.event",
        "provider": mig_audit.PROGRAM,
        "category": list(categories),
        "type": list(types),
        "action": action or event.types[0].lower(),
        "outcome": _OUTCOMES[event.success],
        "code": event.types[0],
        "id": f"{host}/{event.stamp}",
        "sequence": event.serial,
    }


def _process(event: Event) -> Fields:
    process, identities = event.process, event.identities
    argv = process.argv
    return {
        "pid": process.pid,
        "parent": _parent(event),
        "name": process.comm,
        "executable": process.exe,
        "command_line": command(event),
        "args": None if argv is None else [MISSING if word is None else word for word in argv],
        "args_count": None if argv is None else process.argc,
        "hash": {"sha256": around(event).sha256},
        "env_vars": [f"{name}={value}" for name, value in around(event).environment],
        "title": None if process.title is None else " ".join(process.title),
        "working_directory": process.cwd,
        "user": _identity(identities.euid),
        "real_user": _identity(identities.uid),
        "saved_user": _identity(identities.suid),
        "real_group": _identity(identities.gid),
        "saved_group": _identity(identities.sgid),
    }


def _parent(event: Event) -> Fields:
    parent = around(event).parent
    if parent is None or parent.pid != event.process.ppid:
        return {"pid": event.process.ppid}
    return {
        "pid": parent.pid,
        "name": parent.comm,
        "executable": parent.exe,
        "command_line": parent.command,
    }


def _container(event: Event) -> Fields:
    place = around(event).place
    return {"id": place.container, "runtime": place.runtime} if place else {}


def _user(event: Event) -> Fields:
    identities = event.identities
    login = identities.auid if identities.auid and identities.auid.number != UNSET else None
    actor = login or identities.uid
    acting = (identities.euid or identities.uid, identities.egid or identities.gid)
    return {
        **_identity(actor),
        "group": _identity(identities.gid),
        "effective": _effective(*acting) if acting != (actor, identities.gid) else {},
        "target": {"name": event.message and event.message.acct},
    }


def _effective(user: Optional[Identity], group: Optional[Identity]) -> Fields:
    return {**_identity(user), "group": _identity(group)}


def _identity(identity: Optional[Identity]) -> Fields:
    return {"id": _text(identity.number), "name": identity.name} if identity else {}


def _file(event: Event) -> Fields:
    subject = event.subject
    if subject is None:
        return {}
    path = subject.path or subject.name
    folder, _, name = path.rstrip("/").rpartition("/") if path else ("", "", "")
    return {
        "path": path,
        "name": name or path,
        "directory": folder or ("/" if path and path.startswith("/") and name else None),
        "inode": _text(subject.inode),
        "device": subject.dev,
        "mode": permissions(subject.mode),
        "type": file_kind(subject.mode),
        "uid": _text(subject.ouid),
        "gid": _text(subject.ogid),
    }


def _threat(event: Event) -> Fields:
    techniques = find_techniques(event.keys)
    subs = [technique.sub for technique in techniques if technique.sub]
    ids = list(dict.fromkeys(technique.technique for technique in techniques))
    return {
        "framework": "MITRE ATT&CK" if techniques else None,
        "technique": {"id": ids, "subtechnique": {"id": subs}},
    }


def _add_network(document: Fields, event: Event) -> None:
    peer = remote(event)
    if peer is None:
        return
    document[peer.side] = {
        "address": peer.address or peer.host,
        "ip": peer.address,
        "port": peer.port,
        "domain": peer.host,
    }
    if event.message is None:
        document["network"] = {
            "direction": _DIRECTIONS[peer.side],
            "type": "ipv6" if peer.address and ":" in peer.address else "ipv4",
        }


def _add_related(document: Fields, event: Event, host: str) -> None:
    peer = remote(event)
    users = [identity.name for identity in event.identities[:5] if identity and identity.name]
    if event.message and event.message.acct:
        users.append(event.message.acct)
    document["related"] = {
        "user": list(dict.fromkeys(users)),
        "ip": [peer.address] if peer and peer.address else [],
        "hosts": list(dict.fromkeys([host, *([peer.host] if peer and peer.host else [])])),
    }


def _auditd(event: Event) -> Fields:
    """Return what ECS has no field for; every value below ``data`` is text."""
    syscall, process, identities = event.syscall, event.process, event.identities
    data: dict[str, Optional[str]] = {}
    place = around(event).place
    if syscall is not None:
        data = {
            "arch": syscall.arch_name or syscall.arch,
            "syscall": syscall.name or _text(syscall.number),
            "exit": _text(syscall.exit),
            **{f"a{index}": value for index, value in enumerate(syscall.args)},
        }
    data["terminal"] = (event.message and event.message.terminal) or process.tty
    for field in event.rest:
        name = field.name.replace("[", "_").replace("]", "")
        data[name] = f"{data[name]} {field.value}" if data.get(name) else field.value
    return {
        "message_type": [kind.lower() for kind in event.types if kind != "EOE"],
        "session": _text(process.session),
        "login_id": _text(identities.auid.number) if identities.auid else None,
        "subject": process.subj,
        "ending": event.ending,
        "incomplete": list(event.gaps),
        "interpreted": dict(event.interpreted),
        "address": event.address and event.address.text,
        "paths": [_path(path) for path in event.paths],
        "unit": place and place.unit,
        "cgroup": place and place.cgroup,
        "script": around(event).script,
        "labels": list(around(event).labels),
        "ancestors": [_ancestor(ancestor) for ancestor in around(event).ancestors],
        "presumed": list(around(event).presumed),
        "unknown": unknown(event),
        "data": data,
    }


def _ancestor(ancestor: Ancestor) -> Fields:
    values = {
        "pid": str(ancestor.pid),
        "name": ancestor.comm,
        "executable": ancestor.exe,
        "command_line": ancestor.command,
        "source": ancestor.source,
    }
    return {key: value for key, value in values.items() if value is not None}


def _path(path: PathItem) -> Fields:
    values = {
        "item": _text(path.item),
        "name": path.name,
        "path": path.path,
        "nametype": path.nametype,
        "inode": _text(path.inode),
        "device": path.dev,
        "mode": path.mode,
        "ouid": _text(path.ouid),
        "ogid": _text(path.ogid),
        "rdev": path.rdev,
    }
    return {key: value for key, value in values.items() if value is not None}


def _text(number: Optional[int]) -> Optional[str]:
    return None if number is None else str(number)
