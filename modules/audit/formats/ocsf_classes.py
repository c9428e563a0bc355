"""Which class of OCSF an event is, what it did in the class's words, and the attributes that are the class's own.

Each class is tried in turn and declines an event that lacks what it requires: an event of a system call is then Kernel
Activity, any other one the Base Event.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.formats import file_actions
from mig_audit.modules.audit.formats.file_actions import file_action
from mig_audit.modules.audit.formats.network import INBOUND, OUTBOUND, remote
from mig_audit.modules.audit.formats.ocsf_objects import (
    Object,
    account,
    endpoint,
    file,
    known,
    path_file,
    process,
    session,
)
from mig_audit.modules.audit.formats.rest import field_of
from mig_audit.modules.audit.formats.summaries import call_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mig_audit.modules.audit.events import Event

OTHER = 99


class Activity(NamedTuple):
    """What an event is.

    Attributes:
        class_uid: the class.
        activity_id: what was done, in the class's enumeration.
        name: that in words; of activity 99 our own.
        attributes: the class's own.
        doer: the process that did it, where that is not the one whose records these are.
    """

    class_uid: int
    activity_id: int
    name: str
    attributes: Object
    doer: Optional[Object] = None


_FILE_ACTIVITIES = {
    file_actions.CREATE: (1, "Create"),
    file_actions.READ: (2, "Read"),
    file_actions.UPDATE: (3, "Update"),
    file_actions.DELETE: (4, "Delete"),
    file_actions.RENAME: (5, "Rename"),
    file_actions.ATTRIBUTES: (6, "Set Attributes"),
    file_actions.SECURITY: (7, "Set Security"),
    file_actions.EXAMINE: (8, "Get Attributes"),
    file_actions.OPEN: (14, "Open"),
}
_MOUNTS = {"mount": (12, "Mount"), "umount": (13, "Unmount"), "umount2": (13, "Unmount")}
_FORKS = frozenset({"fork", "vfork", "clone", "clone3"})
_LOGONS = dict.fromkeys(("USER_LOGIN", "USER_START", "LOGIN", "CRYPTO_LOGIN"), (1, "Logon"))
_LOGOFFS = dict.fromkeys(("USER_LOGOUT", "USER_END", "CRYPTO_LOGOUT"), (2, "Logoff"))
_ACCOUNTS = {
    "ADD_USER": (1, "Create"),
    "USER_CHAUTHTOK": (3, "Password Change"),
    "DEL_USER": (6, "Delete"),
    "ACCT_LOCK": (9, "Lock"),
    "ACCT_UNLOCK": (12, "Unlock"),
    **{name: (OTHER, name) for name in ("USER_MGMT", "USER_ROLE_CHANGE", "ROLE_ASSIGN", "ROLE_REMOVE")},
}
_GROUPS = {
    "DEL_GROUP": (5, "Delete"),
    "ADD_GROUP": (6, "Create"),
    **{name: (OTHER, name) for name in ("GRP_MGMT", "GRP_CHAUTHTOK")},
}
_SERVICES = {"SERVICE_START": (3, "Start"), "SERVICE_STOP": (4, "Stop")}
_SOFTWARE = {"install": (1, "Install"), "remove": (2, "Remove"), "update": (8, "Update")}
_LOG = {
    "DAEMON_ROTATE": (5, "Rotate"),
    "DAEMON_START": (6, "Start"),
    "DAEMON_END": (7, "Stop"),
    "DAEMON_ABORT": (7, "Stop"),
    "DAEMON_RESUME": (8, "Restart"),
}
_SET_USER = "setuid setreuid setresuid setfsuid setuid32 setreuid32 setresuid32 setfsuid32"
_PROCESS_ACTIVITIES = {
    **dict.fromkeys(_FORKS, (1, "Launch")),
    **dict.fromkeys(("exit", "exit_group"), (2, "Terminate")),
    **dict.fromkeys(_SET_USER.split(), (5, "Set User ID")),
}
_PID = re.compile(r"[0-9]{1,10}")
_REFUSED = "ECONNREFUSED"
_IN_PROGRESS = frozenset({"EINPROGRESS", "EALREADY", "EISCONN"})


def activity_of(event: Event) -> Activity:
    """Return the class and activity of an event."""
    for find in _CLASSES:
        found = find(event)
        if found is not None:
            return found
    return Activity(0, OTHER, event.types[0], {})


def _account(event: Event) -> Optional[Activity]:
    for kinds, class_uid, attribute in ((_ACCOUNTS, 3001, "user"), (_GROUPS, 3006, "group")):
        kind = next((name for name in event.types if name in kinds), None)
        if kind is None:
            continue
        name = (event.message and event.message.acct) or field_of(event, "grp", "new_group", "id")
        return Activity(class_uid, *kinds[kind], {attribute: {"name": name}}) if name else None
    return None


def _authentication(event: Event) -> Optional[Activity]:
    if event.category not in {"authentication", "session"}:
        return None
    who = account(event)
    service = (event.process.exe or event.process.comm or "").rpartition("/")[2]
    if not who or not service:
        return None
    activity = next(
        (found for name in event.types for found in (_LOGONS.get(name) or _LOGOFFS.get(name),) if found),
        (OTHER, event.types[0]),
    )
    peer = remote(event)
    return Activity(
        3002,
        *activity,
        known(
            user=who,
            service={"name": service},
            session=session(event),
            src_endpoint=endpoint(peer) if peer else None,
            is_remote=True if peer else None,
        ),
    )


def _application(event: Event) -> Optional[Activity]:
    kind = next((name for name in event.types if name in _SERVICES), None)
    unit = field_of(event, "unit")
    if kind is not None and unit:
        return Activity(6002, *_SERVICES[kind], {"app": {"name": unit}})
    software = field_of(event, "sw")
    if "SOFTWARE_UPDATE" in event.types and software:
        op = (event.message and event.message.op) or ""
        return Activity(
            6002, *_SOFTWARE.get(op, (OTHER, op or "SOFTWARE_UPDATE")), {"app": {"name": software}}
        )
    return None


def _log(event: Event) -> Optional[Activity]:
    """Take what happens to audit itself."""
    if event.category not in {"config", "daemon"}:
        return None
    kind = next((name for name in event.types if name in _LOG), None)
    enabled = field_of(event, "audit_enabled")
    if kind is not None:
        activity = _LOG[kind]
    elif enabled is not None:
        activity = (10, "Disable") if enabled == "0" else (9, "Enable")
    else:
        activity = (OTHER, (event.message and event.message.op) or event.types[0])
    return Activity(1008, *activity, {"log_name": "audit"})


def _extension(event: Event) -> Optional[Activity]:
    name = field_of(event, "name") if event.category == "module" else None
    if not name or event.process.pid is None:
        return None
    unload = event.syscall is not None and event.syscall.name == "delete_module"
    driver = {"file": {**file(name), "type_id": 1, "type": "Regular File"}}
    return Activity(1002, *((2, "Unload") if unload else (1, "Load")), {"driver": driver})


def _process(event: Event) -> Optional[Activity]:
    syscall = event.syscall
    if syscall is None or event.process.pid is None:
        return None
    if event.category == "execve":
        own = process(event)
        return Activity(1007, 1, "Launch", {"process": own}, own.get("parent_process"))
    activity = _PROCESS_ACTIVITIES.get(syscall.name or "")
    if activity is None:
        return _other_process(event)
    forked = syscall.name in _FORKS and event.success and syscall.exit
    return Activity(1007, *activity, {"process": {"pid": syscall.exit} if forked else process(event)})


def _other_process(event: Event) -> Optional[Activity]:
    """Take what is done to another process, where a record names it."""
    target = field_of(event, "opid")
    if event.category not in {"ptrace", "signal"} or not target or not _PID.fullmatch(target):
        return None
    activity = (3, "Open") if event.category == "ptrace" else (OTHER, "Signal")
    return Activity(1007, *activity, {"process": known(pid=int(target), name=field_of(event, "ocomm"))})


def _file(event: Event) -> Optional[Activity]:
    subject = event.subject
    if subject is None or event.process.pid is None:
        return None
    action = file_action(event)
    syscall = event.syscall.name if event.syscall else None
    activity = _FILE_ACTIVITIES.get(action or "") or _MOUNTS.get(syscall or "")
    target = path_file(subject)
    if activity is None or not target:
        return None
    if action == file_actions.RENAME:
        old = next((path for path in event.paths if path.nametype == "DELETE"), None)
        if old is not None and old is not subject and path_file(old):
            return Activity(1001, *activity, {"file": path_file(old), "file_result": target})
    return Activity(1001, *activity, {"file": target})


def _network(event: Event) -> Optional[Activity]:
    peer, category = remote(event), event.category
    if event.message is not None:
        return None
    if peer is not None and peer.address is not None:
        end = "src_endpoint" if peer.side == "source" else "dst_endpoint"
        return Activity(
            4001,
            *_network_activity(event),
            {end: endpoint(peer), "connection_info": _connection(category, peer.address)},
        )
    address = event.address
    if category == "bind" and address is not None and address.name in {"inet", "inet6"} and address.address:
        local = known(ip=address.address, port=address.port)
        return Activity(4001, OTHER, "Bind", {"src_endpoint": local})
    return None


def _network_activity(event: Event) -> tuple[int, str]:
    if event.category in {"send", "receive"}:
        return 6, "Traffic"
    error = event.syscall and event.syscall.errno
    if event.success is False and error not in _IN_PROGRESS:
        return (5, "Refuse") if error == _REFUSED else (4, "Fail")
    return 1, "Open"


def _connection(category: str, address: str) -> Object:
    directions: Sequence[tuple[frozenset[str], int, str]] = (
        (INBOUND, 1, "Inbound"),
        (OUTBOUND, 2, "Outbound"),
    )
    number, name = next((number, name) for kinds, number, name in directions if category in kinds)
    return {"direction_id": number, "direction": name, "protocol_ver_id": 6 if ":" in address else 4}


def _kernel(event: Event) -> Optional[Activity]:
    syscall = event.syscall
    if syscall is None or event.process.pid is None:
        return None
    name = call_text(syscall)
    kernel = {"name": name, "type_id": 2, "type": "System Call", "system_call": name}
    return Activity(1003, 4, "Invoke", {"kernel": kernel})


_CLASSES: Sequence[Callable[[Event], Optional[Activity]]] = (
    _account,
    _authentication,
    _application,
    _log,
    _extension,
    _process,
    _file,
    _network,
    _kernel,
)
