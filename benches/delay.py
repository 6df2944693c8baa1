"""delay.py LISTEN TARGET MILLISECONDS: a proxy on 127.0.0.1 that adds to every round trip that many milliseconds, half
of them each way. What was sent together arrives together: it delays, it does not narrow."""

import asyncio
import socket
import sys

listen, target = int(sys.argv[1]), int(sys.argv[2])
one_way = float(sys.argv[3]) / 2000


async def carry(reader, writer):
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()

    async def deliver():
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    async def receive():
        data = True
        while data:
            try:
                data = await reader.read(1 << 18)
            except ConnectionError:
                data = b""
            queue.put_nowait((loop.time() + one_way, data))

    await asyncio.gather(receive(), deliver(), return_exceptions=True)


async def serve(client_reader, client_writer):
    server_reader, server_writer = await asyncio.open_connection("127.0.0.1", target)
    for writer in (client_writer, server_writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.gather(carry(client_reader, server_writer), carry(server_reader, client_writer))


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", listen) as server:
        await server.serve_forever()


asyncio.run(main())
