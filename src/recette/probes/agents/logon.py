"""Log-ons through the PAM stack of this host, as the people at its keyboard live them: 1, or hundreds at a given pace.

Payload: {"service": PAM service, "rate": log-ons a second, "workers": most at once, "patience_s": seconds after which
a user gives up, "users": [{"user", "password", "sudo": whether to try it}, …]}. Prints one JSON line for each log-on,
as it ends: [number, due, started, ended, phase, error, facts], instants in nanoseconds of CLOCK_MONOTONIC.

A log-on is authentication, account, credentials and session, opened then closed, in a process of its own: the modules
of PAM share state between threads. `phase` is the one that was refused, "" for none, with `error` the name of PAM's
answer; "patience" when the user gave up. `facts` of an open session: {"home": whether the home stands and is the
user's own, "ticket": whether a Kerberos ticket cache was given, "groups": names, "sudo": [exit code, complaint]}; the
last two when sudo was to be tried.

A log-on begins when it is due, or later when `workers` are under way; the time that it waited counts for who measures
from `due`. What is under way when stdin closes ends; nothing more is begun.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import grp
import json
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from typing import Any

STDIN = 0
NS = 1_000_000_000
PAM_PROMPT_ECHO_OFF = 1
PAM_ESTABLISH_CRED, PAM_DELETE_CRED = 2, 4
PAM_BUF_ERR, PAM_CONV_ERR = 5, 19
PAM_TTY = 3
SUDO_LIMIT_S = 20.0
ERRORS = {
    3: "PAM_SERVICE_ERR",
    4: "PAM_SYSTEM_ERR",
    6: "PAM_PERM_DENIED",
    7: "PAM_AUTH_ERR",
    8: "PAM_CRED_INSUFFICIENT",
    9: "PAM_AUTHINFO_UNAVAIL",
    10: "PAM_USER_UNKNOWN",
    11: "PAM_MAXTRIES",
    12: "PAM_NEW_AUTHTOK_REQD",
    13: "PAM_ACCT_EXPIRED",
    14: "PAM_SESSION_ERR",
    15: "PAM_CRED_UNAVAIL",
    16: "PAM_CRED_EXPIRED",
    17: "PAM_CRED_ERR",
    19: "PAM_CONV_ERR",
    26: "PAM_ABORT",
    28: "PAM_MODULE_UNKNOWN",
}


class Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class Response(ctypes.Structure):
    _fields_ = (("text", ctypes.c_void_p), ("code", ctypes.c_int))


CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(Message)),
    ctypes.POINTER(ctypes.POINTER(Response)),
    ctypes.c_void_p,
)


class Conversation(ctypes.Structure):
    _fields_ = (("converse", CONVERSE), ("data", ctypes.c_void_p))


class Refused(Exception):  # noqa: N818 - PAM answers, and this is one of its answers
    """PAM did not let a phase pass."""

    def __init__(self, phase: str, code: int) -> None:
        super().__init__(phase)
        self.phase, self.error = phase, ERRORS.get(code, f"PAM_{code}")


class Session:
    """One log-on. Each phase raises `Refused` if PAM does not let it pass."""

    def __init__(self, service: str, user: str, password: str) -> None:
        self.user, self.password = user, password.encode()
        self.pam = ctypes.CDLL(ctypes.util.find_library("pam") or "libpam.so.0")
        self.libc = ctypes.CDLL(None)
        self.libc.calloc.restype = self.libc.strdup.restype = ctypes.c_void_p
        self.pam.pam_getenv.restype = ctypes.c_char_p
        self.handle = ctypes.c_void_p()
        self.talk = Conversation(CONVERSE(self.answer), None)
        start = self.pam.pam_start(service.encode(), user.encode(), ctypes.byref(self.talk), ctypes.byref(self.handle))
        self.check("start", start)
        self.pam.pam_set_item(self.handle, PAM_TTY, b"recette")

    def answer(self, count: int, messages: Any, responses: Any, _data: Any) -> int:
        """Gives the password to every question that hides its answer; libpam frees what it is given."""
        given = self.libc.calloc(count, ctypes.sizeof(Response))
        if not given:
            return PAM_BUF_ERR
        responses[0] = ctypes.cast(given, ctypes.POINTER(Response))
        for place in range(count):
            if messages[place].contents.style == PAM_PROMPT_ECHO_OFF:
                responses[0][place].text = self.libc.strdup(self.password)
        return 0

    def check(self, phase: str, code: int) -> None:
        if code:
            raise Refused(phase, code)

    def open(self) -> None:
        self.check("authentification", self.pam.pam_authenticate(self.handle, 0))
        self.check("compte", self.pam.pam_acct_mgmt(self.handle, 0))
        self.check("jeton", self.pam.pam_setcred(self.handle, PAM_ESTABLISH_CRED))
        self.check("session", self.pam.pam_open_session(self.handle, 0))

    def facts(self, *, sudo: bool) -> dict[str, Any]:
        known = pwd.getpwnam(self.user)
        home = os.path.isdir(known.pw_dir) and os.stat(known.pw_dir).st_uid == known.pw_uid  # noqa: PTH112, PTH116 - agents load little
        cache = (self.pam.pam_getenv(self.handle, b"KRB5CCNAME") or b"").decode().removeprefix("FILE:")
        found: dict[str, Any] = {"home": home, "ticket": bool(cache) and os.path.isfile(cache)}  # noqa: PTH113
        if sudo:
            found["groups"] = [grp.getgrgid(gid).gr_name for gid in os.getgrouplist(self.user, known.pw_gid)]
            found["sudo"] = self.try_sudo(known)
        return found

    def try_sudo(self, known: pwd.struct_passwd) -> list[Any]:
        done = subprocess.run(
            ["sudo", "-S", "-k", "-p", "", "true"],
            input=self.password + b"\n",
            capture_output=True,
            check=False,
            timeout=SUDO_LIMIT_S,
            user=known.pw_uid,
            group=known.pw_gid,
            extra_groups=os.getgrouplist(self.user, known.pw_gid),
            cwd="/",
        )
        return [done.returncode, " ".join(done.stderr.decode(errors="replace").split())]

    def close(self, opened: bool) -> None:  # noqa: FBT001 - two states, named at both calls
        if opened:
            self.pam.pam_close_session(self.handle, 0)
            self.pam.pam_setcred(self.handle, PAM_DELETE_CRED)
        self.pam.pam_end(self.handle, 0)


def log_on(service: str, one: dict[str, Any]) -> list[Any]:
    """Ends with [ended, phase, error, facts]; the session is closed after it has been timed."""
    opened, facts, phase, error = False, {}, "", ""
    session = Session(service, one["user"], one["password"])
    try:
        session.open()
        opened = True
    except Refused as refused:
        phase, error = refused.phase, refused.error
    ended = time.monotonic_ns()
    if opened:
        facts = session.facts(sudo=bool(one.get("sudo")))
    session.close(opened)
    return [ended, phase, error, facts]


class Rush:
    """Starts a process for each log-on when it is due, and says how each one went."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload
        self.users = payload["users"]
        self.workers = payload["workers"]
        self.patience = int(payload["patience_s"] * NS)
        self.begin = time.monotonic_ns()
        self.number = 0
        self.under_way: dict[int, tuple[int, int, int, int]] = {}
        self.poll = select.epoll()

    def due(self, number: int) -> int:
        return self.begin + int(number * NS / self.payload["rate"])

    def run(self) -> None:
        self.poll.register(STDIN, select.EPOLLIN)
        stopped = False
        while self.under_way or (self.number < len(self.users) and not stopped):
            now = time.monotonic_ns()
            room = not stopped and self.number < len(self.users) and len(self.under_way) < self.workers
            if room and self.due(self.number) <= now:
                self.start()
                continue
            # Those that began first lose patience first.
            waits = [started + self.patience for _, _, started, _ in [*self.under_way.values()][:1]]
            waits += [self.due(self.number)] if room else []
            events = self.poll.poll(max(0, min(waits) - now) / NS if waits else None)
            for fd, _ in events:
                if fd != STDIN:
                    self.end(fd)
                elif not os.read(STDIN, 4096):
                    stopped = True
                    self.poll.unregister(STDIN)
            if not events:
                self.give_up()

    def start(self) -> None:
        number, self.number = self.number, self.number + 1
        reading, writing = os.pipe()
        started = time.monotonic_ns()
        child = os.fork()
        if not child:
            os.close(reading)
            self.live(writing, number)
        os.close(writing)
        self.poll.register(reading, select.EPOLLIN)
        self.under_way[reading] = (number, self.due(number), started, child)

    def live(self, writing: int, number: int) -> None:
        """What the child does: it never comes back from here."""
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), STDIN)
            os.dup2(2, 1)  # what a module may print must not look like a result
            os.write(writing, json.dumps(log_on(self.payload["service"], self.users[number])).encode())
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)

    def give_up(self) -> None:
        for fd, (_, _, started, child) in list(self.under_way.items()):
            if time.monotonic_ns() >= started + self.patience:
                os.kill(child, signal.SIGKILL)
                self.end(fd)

    def end(self, fd: int) -> None:
        number, due, started, child = self.under_way.pop(fd)
        told = b"".join(iter(lambda: os.read(fd, 65536), b""))
        self.poll.unregister(fd)
        os.close(fd)
        os.waitpid(child, 0)
        told_of = json.loads(told) if told else [time.monotonic_ns(), "patience", "SIGKILL", {}]
        sys.stdout.write(json.dumps([number, due, started, *told_of], separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    Rush(json.loads(sys.stdin.buffer.readline())).run()
