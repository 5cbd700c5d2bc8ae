"""An HTTP server that knows how many requests are under way, and answers as a test says."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable

# Seconds in which requests that are sent together have met, however busy the machine is.
MEETING = 10.0

Answer = Callable[[str, int], tuple[int, bytes] | None]
"""Path, and the most that were under way beside it, itself included -> status and body; None closes the connection."""


class Hall:
    """Keeps each request until so many others have come once.

    Attributes:
        asked: paths in the order of arrival.
        most: most requests that were under way at once.
        together: how many wait for each other; 1 answers at once.
    """

    def __init__(self, answer: Answer = lambda path, company: (200, b"{}"), together: int = 1) -> None:
        self.answer, self.together = answer, together
        self.asked: list[str] = []
        self.most = 0
        self._here: dict[int, int] = {}
        self._changed = threading.Condition()
        hall = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answered = hall.met(self.path)
                if answered is None:
                    self.close_connection = True
                    return
                status, body = answered
                self.send_response(status)
                for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                if status == 503:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the library's
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def met(self, path: str) -> tuple[int, bytes] | None:
        """Wait for company, then answer."""
        with self._changed:
            number = len(self.asked)
            self.asked.append(path)
            self._here[number] = 0
            count = len(self._here)
            self._here = {each: max(most, count) for each, most in self._here.items()}
            self.most = max(self.most, count)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self.together, MEETING)
            company = self._here[number]
        try:
            return self.answer(path, company)
        finally:
            with self._changed:
                del self._here[number]

    def close_port(self) -> None:
        """Take no more connections; what is under way goes on."""
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> Hall:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close_port()
        self._thread.join(10)
