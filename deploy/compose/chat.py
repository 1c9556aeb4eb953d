"""Stands in for a chat: shows the messages that Alertmanager sends, newest first, and prints them.

For compose.yaml only. It speaks as much of Slack's incoming webhooks as Alertmanager needs.
"""

import json
import sys
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 9094
MESSAGES: deque[str] = deque(maxlen=100)


def written(message: dict[str, Any]) -> str:
    """The text of a message, as a chat would show it."""
    return "\n".join(f"{each.get('title', '')}\n{each.get('text', '')}".strip() for each in message["attachments"])


class Chat(BaseHTTPRequestHandler):
    """Takes a message by POST, shows all of them by GET."""

    def do_POST(self) -> None:
        """Keep and print a message."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            text = written(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.answer(400, "not a message")
        MESSAGES.appendleft(text)
        sys.stdout.write(f"{text}\n\n")
        sys.stdout.flush()
        return self.answer(200, "ok")

    def do_GET(self) -> None:
        """Show the messages."""
        self.answer(200, "\n\n\n".join(MESSAGES) or "No message yet: an alert waits for a minute or two.")

    def answer(self, status: int, text: str) -> None:
        """Answer with plain text."""
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing but messages."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", PORT), Chat).serve_forever()
