"""TLS of HTTP and gRPC: certificates that are read again when their files change."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog

from sigyn.model.errors import Unavailable

_log = structlog.get_logger("sigyn.tls")

CLIENT_CERTIFICATES = ("none", "optional", "required")
"""Whether a client must show a certificate that the client CA signed, may, or is not asked."""

_VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificate, key and client CA are (PEM); without a certificate there is no TLS."""

    cert: str = ""
    key: str = ""
    client_ca: str = ""
    client_certificates: str = "none"

    def __bool__(self) -> bool:
        return bool(self.cert)

    def version(self) -> tuple[int, ...]:
        """Another value when a file has changed."""
        return tuple(os.stat(path).st_mtime_ns for path in (self.cert, self.key, self.client_ca) if path)


class ReloadingContext:
    """The context of a listener; each handshake looks whether its files have changed."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises Unavailable for files that make no context."""
        self._files = files
        self._version = _version(files)
        self.context = self._current = _context(files)
        self.context.sni_callback = self._on_handshake

    def _on_handshake(self, socket: ssl.SSLObject, _name: str | None, _before: ssl.SSLContext) -> None:
        try:
            version = _version(self._files)
            if version != self._version:
                self._current = _context(self._files)
                self._version = version
                _log.info("certificate read again", file=self._files.cert)
        except Unavailable as error:
            _log.error("changed certificate can't be used; the one before stays in force", error=str(error))
        socket.context = self._current


def grpc_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials of a gRPC server that follow the files; raises Unavailable."""
    seen = _version(files)

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        try:
            version = _version(files)
            if version == seen:
                return None
            _context(files)  # gRPC would take a key that does not fit, and then refuse every client
            seen = version
            return _grpc_certificates(files)
        except Unavailable as error:
            _log.error("changed certificate can't be used; the one before stays in force", error=str(error))
            return None

    _context(files)
    return grpc.dynamic_ssl_server_credentials(
        _grpc_certificates(files), changed, require_client_authentication=files.client_certificates == "required"
    )


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = _VERIFY[files.client_certificates]
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.cert, files.key or None, password=_no_passphrase)
        if files.client_ca:
            context.load_verify_locations(files.client_ca)
    except (OSError, ssl.SSLError) as error:
        key = (
            f"the private key {files.key}"
            if files.key
            else "the private key in the same file, as tls_key_file is empty"
        )
        raise Unavailable(f"TLS with the certificate {files.cert} and {key}: {_reason(error)}") from None
    return context


def _no_passphrase() -> str:
    return ""  # OpenSSL would ask the terminal for it, at the start and with each handshake


def _reason(error: OSError) -> str:
    """What to do about it, where OpenSSL's own words name a function and a line of its sources."""
    if isinstance(error, ssl.SSLError) and error.reason is None:
        return "one of them is not in that file, is not PEM, or has a passphrase"
    return str(error)


def _version(files: TlsFiles) -> tuple[int, ...]:
    try:
        return files.version()
    except OSError as error:
        raise Unavailable(f"the file {error.filename} of TLS can't be read: {error.strerror}") from None


def _grpc_certificates(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    try:
        pair = (Path(files.key or files.cert).read_bytes(), Path(files.cert).read_bytes())
        authority = Path(files.client_ca).read_bytes() if files.client_ca else None
    except OSError as error:
        raise Unavailable(f"the file {error.filename} of TLS can't be read: {error.strerror}") from None
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=authority)
