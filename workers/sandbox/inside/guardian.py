"""The process between the host and the interpreter that forks programs.

Owns the lifeline: when the host lets go of it, by closing or by dying in any way, the interpreter
is killed, and with it, as process 1 of its namespace, all that it started. Without a process
namespace the kernel kills the interpreter's own child only.
"""

import os
import signal
import socket
from collections.abc import Callable


def guard(serve: Callable[[], None], *, lifeline: socket.socket, control: socket.socket) -> None:
    """Run ``serve`` in a child, which is process 1 where a process namespace was just made.

    Returns only in this process, when the lifeline is cut and the child is dead.
    """
    pid = os.fork()
    if pid == 0:
        lifeline.close()
        try:
            serve()
        finally:
            os._exit(1)
    control.close()
    lifeline.recv(1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
