"""The category of an event: one word for what was done.

The words of audisp-json are kept where it had one (execve, write, read, attribute, chmod, chown, ptrace, time,
socket, listen, promiscuous, apparmor), but given by the system call's exact name on its own architecture; the rest get
words of their own. A record type that says more than its system call goes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Sequence

_SYSCALLS_BY_CATEGORY = {
    "execve": "execve execveat",
    "write": (
        "write writev pwrite pwrite64 pwritev pwritev2 copy_file_range creat truncate truncate64 ftruncate ftruncate64"
        " fallocate unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat mkdir mkdirat rmdir mknod"
        " mknodat"
    ),
    "read": (
        "read readv pread pread64 preadv preadv2 readahead readlink readlinkat getdents getdents64 readdir sendfile"
        " sendfile64 splice tee open_tree name_to_handle_at"
    ),
    "attribute": (
        "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr"
        " utime utimes futimesat utimensat utimensat_time64"
    ),
    "metadata": (
        "access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 newfstat"
        " oldstat oldlstat oldfstat statx statfs statfs64 fstatfs fstatfs64 getxattr lgetxattr"
        " fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat file_getattr"
    ),
    "chmod": "chmod fchmod fchmodat fchmodat2",
    "chown": "chown fchown lchown fchownat chown32 fchown32 lchown32",
    "ptrace": "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp",
    "time": ("adjtimex settimeofday stime clock_settime clock_settime64 clock_adjtime clock_adjtime64"),
    "socket": "socket socketpair socketcall setsockopt getsockopt shutdown getsockname getpeername",
    "connect": "connect",
    "bind": "bind",
    "listen": "listen",
    "accept": "accept accept4",
    "send": "send sendto sendmsg sendmmsg",
    "receive": "recv recvfrom recvmsg recvmmsg recvmmsg_time64",
    "mount": (
        "mount umount umount2 pivot_root move_mount fsopen fsconfig fsmount fspick mount_setattr swapon"
        " swapoff open_tree_attr"
    ),
    "module": "init_module finit_module delete_module create_module",
    "kexec": "kexec_load kexec_file_load sys_kexec_load",
    "bpf": "bpf",
    "perf": "perf_event_open perf_counter_open",
    "uring": "io_uring_setup io_uring_enter io_uring_register",
    "signal": ("kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal"),
    "privilege": (
        "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups setuid32 setgid32 setreuid32"
        " setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32 setgroups32 capset chroot landlock_restrict_self"
        " seccomp"
    ),
    "namespace": "unshare setns",
    "keyring": "add_key request_key keyctl",
    "process": (
        "fork vfork clone clone3 exit exit_group wait4 waitid waitpid prctl arch_prctl personality setsid setpgid"
        " setpriority sched_setattr sched_setscheduler sched_setparam sched_setaffinity setrlimit prlimit64"
        " pidfd_open process_mrelease umask uselib"
    ),
    "ipc": (
        "mq_unlink mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64 mq_notify mq_getsetattr"
        " msgget msgsnd msgrcv msgctl semget semop semctl semtimedop semtimedop_time64 shmctl shmdt ipc"
    ),
    "directory": "chdir fchdir",
    "descriptor": (
        "close close_range dup dup2 dup3 fcntl fcntl64 lseek _llseek flock fsync fdatasync pipe pipe2 inotify_add_watch"
        " inotify_init inotify_init1 fanotify_init fanotify_mark ioctl memfd_create memfd_secret userfaultfd"
    ),
    "memory": "mmap mmap2 munmap mprotect pkey_mprotect mremap remap_file_pages brk mlock mlock2 mlockall shmat shmget",
    "system": "reboot sethostname setdomainname syslog sysctl acct quotactl quotactl_fd iopl ioperm vhangup",
}

_TYPES_BY_CATEGORY = {
    "promiscuous": "ANOM_PROMISCUOUS",
    "apparmor": (
        "APPARMOR APPARMOR_AUDIT APPARMOR_ALLOWED APPARMOR_DENIED APPARMOR_HINT APPARMOR_STATUS APPARMOR_ERROR"
        " APPARMOR_KILL"
    ),
    "avc": "AVC AVC_PATH SELINUX_ERR USER_AVC USER_SELINUX_ERR",
    # No name of libaudit's yet, so auditd writes the numbers.
    "landlock": "LANDLOCK_ACCESS LANDLOCK_DOMAIN UNKNOWN[1423] UNKNOWN[1424]",
    "seccomp": "SECCOMP",
    "authentication": (
        "USER_AUTH USER_ACCT USER_CHAUTHTOK CRED_ACQ CRED_DISP CRED_REFR GRP_AUTH GRP_CHAUTHTOK CHUSER_ID CHGRP_ID"
    ),
    "session": "USER_LOGIN USER_LOGOUT USER_START USER_END LOGIN CRYPTO_LOGIN CRYPTO_LOGOUT",
    "account": (
        "ADD_USER DEL_USER ADD_GROUP DEL_GROUP USER_MGMT GRP_MGMT ACCT_LOCK ACCT_UNLOCK USER_ROLE_CHANGE ROLE_ASSIGN"
        " ROLE_REMOVE ROLE_MODIFY"
    ),
    "command": "USER_CMD",
    "tty": "TTY USER_TTY",
    "service": "SERVICE_START SERVICE_STOP SYSTEM_BOOT SYSTEM_SHUTDOWN SYSTEM_RUNLEVEL",
    "software": "SOFTWARE_UPDATE",
    "config": "CONFIG_CHANGE FEATURE_CHANGE EVENT_LISTENER USYS_CONFIG KERNEL KERNEL_OTHER",
    "daemon": (
        "DAEMON_START DAEMON_END DAEMON_ABORT DAEMON_CONFIG DAEMON_ROTATE DAEMON_RESUME DAEMON_ACCEPT DAEMON_CLOSE"
        " DAEMON_ERR DAEMON_RECONFIG"
    ),
    "mac": (
        "MAC_POLICY_LOAD MAC_STATUS MAC_CONFIG_CHANGE MAC_UNLBL_ALLOW MAC_CIPSOV4_ADD MAC_CIPSOV4_DEL MAC_MAP_ADD"
        " MAC_MAP_DEL MAC_IPSEC_ADDSA MAC_IPSEC_DELSA MAC_IPSEC_ADDSPD MAC_IPSEC_DELSPD MAC_IPSEC_EVENT"
        " MAC_UNLBL_STCADD MAC_UNLBL_STCDEL MAC_CALIPSO_ADD MAC_CALIPSO_DEL MAC_CHECK USER_MAC_POLICY_LOAD"
        " USER_MAC_CONFIG_CHANGE USER_MAC_STATUS LABEL_OVERRIDE LABEL_LEVEL_CHANGE FS_RELABEL"
    ),
    "firewall": "NETFILTER_CFG NETFILTER_PKT",
    "module": "KERN_MODULE",
    "bpf": "BPF",
    "time": "TIME_INJOFFSET TIME_ADJNTPVAL",
    "anomaly": (
        "ANOM_ABEND ANOM_LINK ANOM_CREAT ANOM_LOGIN_FAILURES ANOM_LOGIN_TIME ANOM_LOGIN_SESSIONS ANOM_LOGIN_ACCT"
        " ANOM_LOGIN_LOCATION ANOM_MAX_DAC ANOM_MAX_MAC ANOM_AMTU_FAIL ANOM_RBAC_FAIL ANOM_RBAC_INTEGRITY_FAIL"
        " ANOM_CRYPTO_FAIL ANOM_ACCESS_FS ANOM_EXEC ANOM_MK_EXEC ANOM_ADD_ACCT ANOM_DEL_ACCT ANOM_MOD_ACCT"
        " ANOM_ROOT_TRANS ANOM_LOGIN_SERVICE ANOM_LOGIN_ROOT ANOM_ORIGIN_FAILURES ANOM_SESSION"
    ),
    "response": (
        "RESP_ANOMALY RESP_ALERT RESP_KILL_PROC RESP_TERM_ACCESS RESP_ACCT_REMOTE RESP_ACCT_LOCK_TIMED"
        " RESP_ACCT_UNLOCK_TIMED RESP_ACCT_LOCK RESP_TERM_LOCK RESP_SEBOOL RESP_EXEC RESP_SINGLE RESP_HALT"
        " RESP_ORIGIN_BLOCK RESP_ORIGIN_BLOCK_TIMED RESP_ORIGIN_UNBLOCK_TIMED"
    ),
    "integrity": (
        "INTEGRITY_DATA INTEGRITY_METADATA INTEGRITY_STATUS INTEGRITY_HASH INTEGRITY_PCR INTEGRITY_RULE"
        " INTEGRITY_EVM_XATTR INTEGRITY_POLICY_RULE"
    ),
    "crypto": (
        "CRYPTO_TEST_USER CRYPTO_PARAM_CHANGE_USER CRYPTO_KEY_USER CRYPTO_FAILURE_USER CRYPTO_REPLAY_USER"
        " CRYPTO_SESSION CRYPTO_IKE_SA CRYPTO_IPSEC_SA"
    ),
    "virtualisation": (
        "VIRT_CONTROL VIRT_RESOURCE VIRT_MACHINE_ID VIRT_INTEGRITY_CHECK VIRT_CREATE VIRT_DESTROY VIRT_MIGRATE_IN"
        " VIRT_MIGRATE_OUT"
    ),
    "device": "USER_DEVICE DEV_ALLOC DEV_DEALLOC DM_CTRL DM_EVENT",
}

SYSCALLS = {name: category for category, names in _SYSCALLS_BY_CATEGORY.items() for name in names.split()}
TYPES = {name: category for category, names in _TYPES_BY_CATEGORY.items() for name in names.split()}

# Which argument holds the flags of the calls that open; openat2 has them in a record of its own.
_OPEN_FLAGS = {"open": 1, "openat": 2, "open_by_handle_at": 2, "mq_open": 1}
_OPENS = frozenset({*_OPEN_FLAGS, "openat2"})
# asm-generic/fcntl.h, octal there; the same on every architecture whose tables ship with us.
_O_WRITES = 0o3 | 0o100 | 0o1000  # O_ACCMODE, O_CREAT, O_TRUNC

# linux/net.h: the calls behind socketcall, by its first argument.
_SOCKETCALL_NAMES = (
    "socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown"
    " setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg"
)
SOCKETCALLS = dict(enumerate(_SOCKETCALL_NAMES.split(), start=1))


def effective_syscall(name: Optional[str], first_argument: Optional[int]) -> Optional[str]:
    """Return the name of the call that was meant: behind ``socketcall`` there are twenty."""
    if name == "socketcall" and first_argument is not None:
        return SOCKETCALLS.get(first_argument, name)
    return name


def open_flags_index(name: Optional[str]) -> Optional[int]:
    """Return which argument of this call holds open flags, None if none does."""
    return _OPEN_FLAGS.get(name) if name else None


def open_category(flags: int) -> str:
    """Return the category of a call that opens with these flags."""
    return "write" if flags & _O_WRITES else "read"


def categorise(
    types: Sequence[str], syscall: Optional[str], open_flags: Optional[int], *, apparmor: bool
) -> str:
    """Return the category of an event.

    Args:
        types: its record types, in order.
        syscall: the system call's name, None without one or where the number has no name.
        open_flags: ``O_...`` of a call that opens, None if unknown.
        apparmor: whether its AVC record is AppArmor's.
    """
    for name in types:
        category = TYPES.get(name)
        if category is not None:
            return "apparmor" if apparmor and category == "avc" else category
    if syscall in _OPENS:
        return open_category(open_flags or 0)
    if syscall is not None:
        return SYSCALLS.get(syscall, "syscall")
    return "syscall" if "SYSCALL" in types else types[0].lower() if types else "unknown"
