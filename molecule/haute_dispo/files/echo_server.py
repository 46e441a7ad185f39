"""Send back what comes on TCP port 7."""

import socketserver


class Echo(socketserver.BaseRequestHandler):
    """One session."""

    def handle(self) -> None:
        """Echo until the client leaves."""
        while data := self.request.recv(1024):
            self.request.sendall(data)


socketserver.ThreadingTCPServer(("", 7), Echo).serve_forever()
