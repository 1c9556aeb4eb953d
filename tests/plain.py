"""httpx for plain HTTP on loopback. By itself it loads every authority that the machine trusts, 40 ms for each client."""

import ssl
from functools import partial

import httpx

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx.get, verify=_NO_TLS, trust_env=False)
post = partial(httpx.post, verify=_NO_TLS, trust_env=False)
AsyncClient = partial(httpx.AsyncClient, verify=_NO_TLS, trust_env=False)
Client = partial(httpx.Client, verify=_NO_TLS, trust_env=False)
