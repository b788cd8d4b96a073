"""Webhooks, Slack and mail: each gets one message for what changed with a rule."""

import asyncio
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import httpx
import msgspec

from sigyn.model.errors import SigynError, Unavailable
from sigyn.model.secret_urls import hide_secrets, scheme_and_host
from sigyn.model.time import SECOND
from sigyn.ruler.notify.access import client, is_hopeless, post, without_credentials
from sigyn.ruler.notify.bodies import mail, slack_body, webhook_body
from sigyn.ruler.notify.message import Message
from sigyn.ruler.settings import HttpAccess, MailSettings, RulerSettings


class Refused(SigynError):
    """The receiver will not take this message, however often it is sent."""


class Receiver(Protocol):
    """Where messages go; `name` says which it is, without its secrets, and `key` what waits for it in the file."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    async def send(self, message: Message) -> None:
        """Returns when it was taken; raises Refused, and Unavailable when it is worth trying again."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that takes JSON, in the form of Alertmanager's webhooks; the `number`th of them."""

    number: int
    url: str
    timeout: int

    @property
    def name(self) -> str:
        return f"webhook {self.number} {scheme_and_host(self.url)}"

    @property
    def key(self) -> str:
        return f"webhook {sha256(self.url.encode()).hexdigest()[:16]}"

    @property
    def former_key(self) -> str:
        """What stood in the file before the path of a webhook was taken for a secret."""
        return f"webhook {without_credentials(self.url)}"

    async def send(self, message: Message) -> None:
        await _post(self.url, webhook_body(message), self.timeout)


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack, or of what takes the same."""

    url: str
    timeout: int

    @property
    def name(self) -> str:
        return "slack"

    @property
    def key(self) -> str:
        return self.name

    async def send(self, message: Message) -> None:
        await _post(self.url, slack_body(message), self.timeout)


@dataclass(frozen=True, slots=True)
class Mail:
    """An SMTP server."""

    settings: MailSettings
    timeout: int

    @property
    def name(self) -> str:
        return "mail"

    @property
    def key(self) -> str:
        return self.name

    async def send(self, message: Message) -> None:
        await asyncio.to_thread(self._send, message)

    def _send(self, message: Message) -> None:
        settings = self.settings
        written = mail(message, settings.sender, settings.to)
        host, _, port = settings.server.rpartition(":")
        address, seconds = (host.strip("[]"), int(port)), self.timeout / SECOND
        try:
            context = ssl.create_default_context()
            if settings.security == "tls":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(*address, timeout=seconds, context=context)
            else:
                connection = smtplib.SMTP(*address, timeout=seconds)
            with connection:
                if settings.security == "starttls":
                    connection.starttls(context=context)
                if settings.username:
                    connection.login(settings.username, settings.password)
                connection.send_message(written)
        except smtplib.SMTPRecipientsRefused as error:
            for_good = all(_is_for_good(code) for code, _ in error.recipients.values())  # greylisting puts off
            raise (Refused if for_good else Unavailable)(f"no recipient was taken: {error.recipients}") from None
        except smtplib.SMTPDataError as error:
            for_good = _is_for_good(error.smtp_code)
            raise (Refused if for_good else Unavailable)(f"the mail server did not take the mail: {error}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server {settings.server} failed: {error}") from None


def _is_for_good(code: int) -> bool:
    """Whether an SMTP server would refuse the same again."""
    return code >= 500


def receivers(settings: RulerSettings) -> Iterator[Receiver]:
    """The receivers that are configured."""
    timeout = settings.notification_timeout
    for number, url in enumerate(dict.fromkeys(settings.webhooks), 1):
        yield Webhook(number, url, timeout)
    if settings.slack_webhook:
        yield Slack(settings.slack_webhook, timeout)
    if settings.mail.to:
        yield Mail(settings.mail, timeout)


async def _post(url: str, body: object, timeout: int) -> None:
    async with client(HttpAccess(), timeout) as http:
        try:
            answer = await post(http, url, msgspec.json.encode(body), {"Content-Type": "application/json"})
        except httpx.HTTPError as error:
            raise Unavailable(hide_secrets(f"no answer: {error!r}", url, path=True)) from None
    if answer.is_success:
        return
    text = f"{answer.status_code} {hide_secrets(answer.text, url, path=True)[:500].strip()}"
    raise Refused(text) if is_hopeless(answer.status_code) else Unavailable(text)
