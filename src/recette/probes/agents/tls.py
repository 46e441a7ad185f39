"""TLS handshakes from a host, one for each version asked for.

Payload: [{"address", "port", "name", "version", "ca", "starttls"}], the version being that of `ssl.TLSVersion`
("TLSv1_2") or "" for the best of both ends; with `starttls` an SMTP server is first asked in clear. Prints, in the
same order, [{"version", "cipher", "bits", "expires", "starts", "names", "error", "reason"}]; the error is "" when the
handshake succeeded with a certificate that is valid for that name.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import warnings
from typing import Any

LIMIT_S = 8
# This end must be able to speak what it must be refused: distributions disable the old versions.
ANYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


def handshake(asked: dict[str, Any]) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=asked["ca"])
    if asked["version"]:
        context.set_ciphers(ANYTHING)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[asked["version"]]
    try:
        with (
            socket.create_connection((asked["address"], asked["port"]), LIMIT_S) as plain,
            ready(plain, asked) as prepared,
            context.wrap_socket(prepared, server_hostname=asked["name"]) as secured,
        ):
            certificate: Any = secured.getpeercert() or {}
            cipher = secured.cipher() or ("", "", 0)
            return {
                "version": secured.version(),
                "cipher": cipher[0],
                "bits": cipher[2],
                "starts": ssl.cert_time_to_seconds(certificate["notBefore"]),
                "expires": ssl.cert_time_to_seconds(certificate["notAfter"]),
                "names": [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"],
                "error": "",
                "reason": "",
            }
    except ssl.SSLError as error:
        return {"error": str(error), "reason": error.reason or ""}
    except OSError as error:
        return {"error": str(error), "reason": type(error).__name__}


def ready(plain: socket.socket, asked: dict[str, Any]) -> socket.socket:
    """The connection, once its server waits for a handshake. Raises OSError if it does not want one."""
    if asked["starttls"]:
        with plain.makefile("rb") as answers:
            for command in ("", "EHLO recette.invalid\r\n", "STARTTLS\r\n"):
                plain.sendall(command.encode())
                while (line := answers.readline())[3:4] == b"-":
                    pass
                if not line.startswith(b"2"):
                    raise OSError(f"{command.strip() or 'greeting'}: {line.decode(errors='replace').strip()}")
    return plain


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # the old versions are asked for on purpose
    json.dump([handshake(asked) for asked in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
