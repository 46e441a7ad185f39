"""Opens a webmail in a real browser without a screen, logs on, and brings back what it shows, as JSON.

Payload: {"url", "address", "name", "ca", "login": [user, password], "expect": text, "limit_s"}. The certificate is
checked against `ca` and `name` first; the browser, which has its own authorities, is then told to trust that key alone.

Answer: {"steps": [[what, seconds], ...], "text": visible text, "seen": whether the text shows `expect`, "refused":
whether the log-on form is still there, "png": base64, "error"}.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from typing import Any

BROWSER = "chromium"
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--window-size=1280,800",
    "--lang=fr",
    "--remote-debugging-pipe",
)
POLL_S = 0.1
FORM = "document.querySelector('#rcmloginuser') !== null"
LIST = "document.querySelector('#messagelist, #messagelist-content') !== null"
WARNING = "document.querySelector('#messagestack .alert-warning, #messagestack .alert-danger') !== null"
TEXT = "document.body ? document.body.innerText : ''"
LOG_ON = """(() => {
  document.querySelector('#rcmloginuser').value = %s;
  document.querySelector('#rcmloginpwd').value = %s;
  document.querySelector('#rcmloginsubmit, #login-form button, #login-form input[type=submit]').click();
})()"""
REFRESH = "window.rcmail && rcmail.command && rcmail.command('checkmail')"


class Browser:
    """One page of a browser, driven by its debugging pipe."""

    def __init__(self, key: str, profile: str) -> None:
        theirs_in, self.to = os.pipe()
        self.back, theirs_out = os.pipe()

        def plug() -> None:  # the browser reads its orders on descriptor 3 and answers on descriptor 4
            spare_in, spare_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(spare_in, 3)
            os.dup2(spare_out, 4)

        self.process = subprocess.Popen(
            [BROWSER, *OPTIONS, f"--user-data-dir={profile}", f"--ignore-certificate-errors-spki-list={key}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=plug,  # noqa: PLW1509 - nothing else runs in this process
            env={**os.environ, "HOME": profile},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.rest, self.session = 0, b"", ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(self, method: str, **params: Any) -> Any:
        """Raises RuntimeError if the browser refuses, TimeoutError if it does not answer."""
        self.number += 1
        order: dict[str, Any] = {"id": self.number, "method": method, "params": params}
        if self.session:
            order["sessionId"] = self.session
        os.write(self.to, json.dumps(order).encode() + b"\0")
        while True:
            answer = self.hear()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]

    def hear(self, limit_s: float = 60.0) -> Any:
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], limit_s)[0]:
                raise TimeoutError("the browser does not answer")
            fresh = os.read(self.back, 1 << 20)
            if not fresh:
                raise TimeoutError("the browser is gone")
            self.rest += fresh
        line, _, self.rest = self.rest.partition(b"\0")
        return json.loads(line)

    def value(self, expression: str) -> Any:
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, expression: str, deadline: float) -> bool:
        """Whether an expression becomes true; a page that is being replaced cannot be asked."""
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):
                if self.value(expression):
                    return True
            time.sleep(POLL_S)
        return False

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def trusted_key(wish: dict[str, Any]) -> str:
    """The hash of the server's public key, once its certificate was found valid for the name."""
    context = ssl.create_default_context(cafile=wish["ca"])
    with (
        socket.create_connection((wish["address"], 443), 10) as plain,
        context.wrap_socket(plain, server_hostname=wish["name"]) as secured,
    ):
        certificate = secured.getpeercert(binary_form=True) or b""
    key = subprocess.run(
        ["openssl", "x509", "-inform", "der", "-pubkey", "-noout"], input=certificate, capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True, check=True
    ).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def browse(wish: dict[str, Any], told: dict[str, Any], profile: str) -> None:
    begun = time.monotonic()
    deadline = begun + wish["limit_s"]

    def step(what: str) -> None:
        told["steps"].append([what, round(time.monotonic() - begun, 2)])

    browser = Browser(trusted_key(wish), profile)
    try:
        browser.ask("Page.navigate", url=wish["url"])
        if browser.wait(FORM, deadline):
            step("formulaire")
            browser.value(LOG_ON % tuple(map(json.dumps, wish["login"])))
            if browser.wait(f"({LIST}) || ({WARNING})", deadline) and browser.value(LIST):
                step("boîte")
                expected = f"({TEXT}).includes({json.dumps(wish['expect'])})"
                while not told["seen"] and time.monotonic() < deadline:
                    told["seen"] = browser.wait(expected, min(deadline, time.monotonic() + 3))
                    browser.value(REFRESH)
                step("courriel" if told["seen"] else "courriel absent")
        told["refused"] = bool(browser.value(FORM))
        told["text"] = str(browser.value(TEXT))[:4000]
        told["png"] = browser.ask("Page.captureScreenshot", format="png")["data"]
    finally:
        browser.close()


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    told: dict[str, Any] = {"steps": [], "text": "", "seen": False, "refused": False, "png": "", "error": ""}
    profile = tempfile.mkdtemp(prefix="recette-browser-")
    try:
        browse(wish, told, profile)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        told["error"] = f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
