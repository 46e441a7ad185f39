"""Serve one's own name over TLS on port 443. usage: service.py NAME"""

import http.server
import ssl
import sys


class Name(http.server.BaseHTTPRequestHandler):
    """Says who answers, and which name was asked for."""

    def do_GET(self) -> None:
        """Answer any path."""
        body = f"{sys.argv[1]} {self.headers['Host']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Powered-By", "maquette")
        self.end_headers()
        self.wfile.write(body)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/site-pki/service.pem", "/etc/site-pki/service.key")
server = http.server.ThreadingHTTPServer(("", 443), Name)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
