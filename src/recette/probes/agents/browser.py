"""Logs on to a web application in a real browser, as its user does, and tells what the browser shows.

Payload: {"url", "page", "login", "password", "authority", "awaited", "limit_s", "size": [width, height]}. `page` says
where things are, as CSS selectors: "login", "password" and "submit" of the form, "refusal" a message beside it, "list"
what only a user who has logged on sees. `authority` is a file of this host, the system store if empty; `awaited` a text
to wait for in that list, "" for the list alone. Prints one JSON object {"stage", "title", "text", "png", "took_s",
"certificate"}: stage "silent" (no page), "form" (the log-on form stayed), "refused" (it said no) or "inside"; png the
last view, in base64. The certificate is checked here, as strictly as a browser does; Chromium, which cannot be told an
authority without changing the host, is then held to the key of that certificate. It is driven by its DevTools protocol
over a pipe (file descriptors 3 and 4), under an account without rights and with a home that is removed afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pwd
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

READ, WRITE = 3, 4
USER = "nobody"
CONNECT_S, ANSWER_S, PAUSE_S = 5.0, 30.0, 0.05
OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # containers refuse the namespaces of its sandbox; the account has no rights
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=fr",
)
STATE = """(page => {
  const shown = document.querySelector(page.refusal);
  const list = document.querySelector(page.list);
  return {
    form: !!document.querySelector(page.login),
    list: !!list,
    told: list ? list.innerText : '',
    refusal: shown ? shown.innerText : '',
    ready: document.readyState === 'complete',
    title: document.title,
    text: document.body ? document.body.innerText.slice(0, 20000) : '',
  };
})(%s)"""
FILL = """((page, login, password) => {
  document.querySelector(page.login).value = login;
  document.querySelector(page.password).value = password;
  document.querySelector(page.submit).click();
})(%s, %s, %s)"""


def key_of(certificate: bytes) -> str:
    """The hash by which Chromium knows the public key of a certificate (DER)."""
    text = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"], input=certificate, capture_output=True, check=True
    ).stdout
    body = b"".join(line for line in text.splitlines() if not line.startswith(b"-----"))
    return base64.b64encode(hashlib.sha256(base64.b64decode(body)).digest()).decode()


def checked(url: str, authority: str) -> bytes:
    """The certificate (DER) of the server, once it is proved to be the name's and signed by the authority."""
    where = urlsplit(url)
    context = ssl.create_default_context(cafile=authority or None)
    name = where.hostname or ""
    with (
        socket.create_connection((name, where.port or 443), timeout=CONNECT_S) as opened,
        context.wrap_socket(opened, server_hostname=name) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


class Browser:
    """One window of Chromium."""

    def __init__(self, home: str, key: str, size: list[int]) -> None:
        told, self._tell = os.pipe()
        self._hear, telling = os.pipe()
        account = pwd.getpwnam(USER)
        os.chown(home, account.pw_uid, account.pw_gid)
        self._process = subprocess.Popen(
            [
                # The shell gives the pipes the numbers that Chromium expects.
                "sh",
                "-c",
                f'exec "$@" {READ}<&{told} {WRITE}>&{telling}',
                "sh",
                "chromium",
                *OPTIONS,
                f"--user-data-dir={home}",
                f"--window-size={size[0]},{size[1]}",
                f"--ignore-certificate-errors-spki-list={key}",
                "about:blank",
            ],
            pass_fds=(told, telling),
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            env={"HOME": home, "PATH": os.environ.get("PATH", "/usr/bin"), "LANG": "fr_FR.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
        )
        os.close(told)
        os.close(telling)
        self._buffer = b""
        self._number = 0
        self._session = ""
        (target,) = (each for each in self.ask("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]

    def ask(self, method: str, **parameters: Any) -> Any:
        """The result of a command; what Chromium tells meanwhile is left aside."""
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._tell, json.dumps(order).encode() + b"\0")
        end = time.monotonic() + ANSWER_S
        while True:
            answer = json.loads(self._next(end, method))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _next(self, end: float, method: str) -> bytes:
        while b"\0" not in self._buffer:
            if not select.select([self._hear], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"{method}: no answer in {ANSWER_S:g} s")
            part = os.read(self._hear, 1 << 20)
            if not part:
                raise RuntimeError(f"{method}: Chromium ended")
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return message

    def evaluate(self, script: str) -> Any:
        """The value of a script in the page; None while the page is changing."""
        told = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return None if "exceptionDetails" in told else told["result"].get("value")

    def close(self) -> None:
        with suppress(OSError, RuntimeError, TimeoutError):  # it may have died
            self._session = ""
            self.ask("Browser.close")
        try:
            self._process.wait(CONNECT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def stage(state: dict[str, Any], awaited: str) -> str | None:
    """Where the user stands; None while nothing is decided."""
    if state["refusal"] and state["form"]:
        return "refused"
    if state["list"] and awaited in state["told"]:
        return "inside"
    return None


def visit(browser: Browser, wish: dict[str, Any], end: float) -> tuple[str, dict[str, Any]]:
    """Opens, fills the form in, and waits; returns the stage reached and the last state."""
    page, login, password = (json.dumps(wish[name]) for name in ("page", "login", "password"))
    browser.ask("Page.enable")
    browser.ask("Page.navigate", url=wish["url"])
    state: dict[str, Any] = {"title": "", "text": "", "form": False}
    filled = False
    while time.monotonic() < end:
        state = browser.evaluate(STATE % page) or state
        if state["form"] and state.get("ready") and not filled:
            browser.evaluate(FILL % (page, login, password))
            filled = True
        elif filled and (reached := stage(state, wish["awaited"])):
            return reached, state
        time.sleep(PAUSE_S)
    return ("form" if state["form"] else "inside" if state.get("list") else "silent"), state


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    start = time.monotonic()
    certificate = checked(wish["url"], wish["authority"])
    home = tempfile.mkdtemp(prefix="recette-")
    try:
        browser = Browser(home, key_of(certificate), wish["size"])
        try:
            reached, state = visit(browser, wish, start + wish["limit_s"])
            took = time.monotonic() - start
            view = browser.ask("Page.captureScreenshot", format="png")["data"]
        finally:
            browser.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    told = {"stage": reached, "title": state["title"], "text": state["text"], "png": view, "took_s": took}
    sys.stdout.write(json.dumps({**told, "certificate": hashlib.sha256(certificate).hexdigest()}) + "\n")


if __name__ == "__main__":
    main()
