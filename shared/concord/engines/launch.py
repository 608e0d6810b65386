"""Run as a script: become the given program, tied to the life of the process that started it.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL USER PROGRAM ARGUMENT...

It leads a session of its own, so that Ctrl-C reaches the supervisor alone; asks the kernel for DEATH_SIGNAL when its
parent dies, however it dies; and, when USER is not `-`, gives up root for that user before it starts the program.
A file that is run by path, so it imports nothing of Concord and costs 15 ms.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    parent, death_signal, user, *program = arguments
    os.setsid()
    if user != "-":
        become(user)
    if sys.platform == "linux":
        # After the change of user, which clears it.
        libc().prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):  # the parent died before the kernel was asked
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  that is the point


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def become(user: str) -> None:
    """Give up root. What stays, where the kernel grants it, is passing through directories that only root may enter."""
    entry = pwd.getpwnam(user)
    if sys.platform == "linux":
        libc().prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if sys.platform == "linux":
        keep_directory_access()


def keep_directory_access() -> None:
    """A checkout in the home of root is closed to other users; opening its directories to everyone would be worse."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    mask = 1 << CAP_DAC_OVERRIDE
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc().capset(header, data) == 0:
        libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
