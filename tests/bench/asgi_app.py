"""The same answer for ASGI servers written in Python, without and with reading the request content."""

CONTENT = b"Hello, World!\n"
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/plain;charset=UTF-8"),
        (b"content-length", str(len(CONTENT)).encode()),
    ],
}
BODY = {"type": "http.response.body", "body": CONTENT}


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise TypeError(f"Cannot handle {scope['type']}")
    await send(START)
    await send(BODY)


async def receiving(scope, receive, send):
    if scope["type"] != "http":
        raise TypeError(f"Cannot handle {scope['type']}")
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(BODY)
