"""What the server's own POST routes have in common: a body of a few kilobytes, read whole."""

from starlette.requests import Request


async def body(request: Request, longest: int) -> bytes:
    """Raises ValueError for more than `longest` bytes, ClientDisconnect."""
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) > longest:
            raise ValueError("too long")
    return bytes(held)
