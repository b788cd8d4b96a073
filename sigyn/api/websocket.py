"""A WebSocket as uvicorn serves it."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class WebSocketConnection(WebSocketsSansIOProtocol):
    """Takes a refusal for the end of the handshake that it is.

    uvicorn sends it, and then logs an error, as if the handler had forgotten to answer.
    """

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True
