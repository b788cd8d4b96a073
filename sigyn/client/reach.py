"""What kept a client from a server, in words that say what to do."""

import socket

from sigyn.model.errors import Unavailable


def unreachable(url: str, error: BaseException) -> Unavailable:
    """The error to raise for a connection to `url` that could not be opened for this reason."""
    if "CERTIFICATE" in str(error):
        return Unavailable(f"{url} has a certificate that is not trusted; SSL_CERT_FILE names a file of those that are")
    if "WRONG_VERSION_NUMBER" in str(error):
        return Unavailable(f"what answers at {url} speaks no TLS: write http:// for https://")
    if isinstance(_origin(error), socket.gaierror):
        return Unavailable(f"the host of {url} can't be found")
    return Unavailable(f"no server answers at {url}; `sigyn serve` starts one")


def _origin(error: BaseException) -> BaseException:
    """The error that all the others were made of."""
    while under := error.__cause__ or error.__context__:
        error = under
    return error
