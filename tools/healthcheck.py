"""The image's health check: exits 0 if the exporter of this container answers at ``/-/healthy``.

The address is that of BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS. With ``--web.config.file`` the door may speak TLS and want
a password: then any answer that is not an error of the server is healthy, and so is the demand for a certificate.
"""

import http.client
import os
import ssl
import sys

TIMEOUT = 2.5


def status(connection: http.client.HTTPConnection) -> int:
    """Return the status of the answer."""
    connection.request("GET", "/-/healthy")
    return connection.getresponse().status


def healthy(host: str, port: int) -> bool:
    """Tell whether the exporter answers there, in clear or over TLS."""
    try:
        return status(http.client.HTTPConnection(host, port, timeout=TIMEOUT)) < 500
    except (OSError, http.client.HTTPException):
        pass
    # Whose certificate it is does not matter here: nothing secret is sent, and the name in it is another one.
    context = ssl._create_unverified_context()  # noqa: S323, SLF001
    connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
    try:
        connection.connect()
        return status(connection) < 500
    except (ssl.SSLError, ConnectionError) as error:
        # Who hangs up on a handshake without a certificate is alive. TLS 1.3 hangs up only after it.
        return isinstance(connection.sock, ssl.SSLSocket) or "ALERT" in str(error)
    except (OSError, http.client.HTTPException):
        return False


def address(listen: str) -> tuple[str, int]:
    """Return where a door with this listen address is reached from within."""
    host, _, port = listen.rpartition(":")
    return "127.0.0.1" if host in {"", "0.0.0.0", "[::]"} else host.strip("[]"), int(port)  # noqa: S104  # not bound


if __name__ == "__main__":
    listen_address = os.environ.get("BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS", ":9840")
    sys.exit(0 if healthy(*address(listen_address)) else 1)
