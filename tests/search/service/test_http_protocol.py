"""Connections: what is no request, or too much of one, is refused, and a client that takes nothing is left."""

import asyncio
import socket
from collections.abc import Iterator
from typing import cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from search.service.bounds import MAX_FRAMING_BYTES, MAX_HEADER_BYTES, Bounds
from search.service.http_protocol import with_deadline
from search.service.serve import ServiceOptions, _listener
from tests.search.service import own_loop
from tests.search.service.served import Served, served
from tests.search.service.test_server import HEAD, make_line_store, received

BODY = b'{"id": 0}'
CHUNKED = HEAD.replace(b"Content-Length: 9", b"Transfer-Encoding: chunked")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(make_line_store(tmp_path_factory.mktemp("served"))) as service:
        yield service


def answers(service: Served, sent: bytes) -> tuple[list[bytes], int]:
    """Return the statuses on a connection until the service ends it, and how many answers have hits."""
    with service.connect() as connection:
        connection.sendall(sent)
        answer = received(connection)
    return [line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")], answer.count(b'"hits"')


@pytest.mark.parametrize(
    "header",
    [
        HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n"),
        HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n"),
        HEAD.replace(b"Length: 9", b"Length: 9, 9"),
        HEAD.replace(b"Length: 9", b"Length: +9"),
        HEAD.replace(b"Length:", b"Length :"),
        HEAD.replace(b"Host", b"X: 1\r\n folded\r\nHost"),
        HEAD.replace(b"\r\n", b"\n"),
        HEAD.replace(b"/v1", b"http://evil.example/v1"),
        HEAD.replace(b"POST /v1/search", b"CONNECT evil.example:80"),
        HEAD.replace(b"/v1/search", b"*"),
        HEAD.replace(b"1.1", b"1.2"),
        HEAD.replace(b"localhost", b"local\0host"),
    ],
)
def test_a_header_that_servers_read_differently_is_refused_and_ends_the_connection(
    service: Served, header: bytes
) -> None:
    assert answers(service, header + BODY) == ([b"400"], 0)


@pytest.mark.parametrize(
    "sent",
    [
        HEAD.replace(b"\r\n\r\n", b"\r\nX: %b\r\n\r\n" % (b"x" * MAX_HEADER_BYTES)),
        HEAD.replace(b"\r\n\r\n", b"%b\r\n\r\n" % (b"\r\nX: x" * MAX_HEADER_BYTES)),
        HEAD.replace(b"\r\n\r\n", b"\r\nX: %b" % (b"x" * MAX_FRAMING_BYTES)),
        b"GET /" + b"x" * MAX_FRAMING_BYTES,
        CHUNKED + b"9\r\n" + BODY + b"\r\n0\r\n" + b"X: x\r\n" * MAX_HEADER_BYTES,
        CHUNKED + b"9\r\n" + BODY + b"\r\n0\r\nX: " + b"x" * MAX_FRAMING_BYTES,
        CHUNKED + b"9;" + b"x" * MAX_FRAMING_BYTES,
    ],
)
def test_a_header_a_trailer_or_a_chunk_s_size_that_goes_on_is_refused(service: Served, sent: bytes) -> None:
    assert answers(service, sent) == ([b"400"], 0)


def test_a_body_in_chunks_is_answered_however_it_is_cut(service: Served) -> None:
    header = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    body = b"4;a=b\r\n" + BODY[:4] + b"\r\n5\r\n" + BODY[4:] + b"\r\n0\r\n\r\n"
    assert answers(service, header + body) == ([b"200"], 1)


def test_a_compressed_body_is_refused(service: Served) -> None:
    header = CHUNKED.replace(b"chunked", b"gzip, chunked")
    assert answers(service, header + b"9\r\n" + BODY + b"\r\n0\r\n\r\n") == ([b"400"], 0)


def test_a_second_request_before_the_answer_is_not_looked_at(service: Served) -> None:
    assert answers(service, (HEAD + BODY) * 3) == ([b"200"], 1)


def test_requests_one_after_another_share_a_connection(service: Served) -> None:
    with service.connect() as connection:
        for _ in range(3):
            connection.sendall(HEAD + BODY)
            data = b""
            while not data.endswith(b"]}"):
                data += connection.recv(65_536)
            assert data.startswith(b"HTTP/1.1 200 ")


def test_an_offer_to_speak_another_protocol_is_not_taken_up(service: Served) -> None:
    offer = b"\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n\r\n"
    assert answers(service, HEAD.replace(b"\r\n\r\n", offer) + BODY) == ([b"200"], 1)


class Transport(asyncio.Transport):
    """A connection to a client that takes so many bytes of its answers at each look, of a hundred."""

    def __init__(self, taken: int) -> None:
        super().__init__()
        self.left, self.taken, self.looks = 100 + taken, taken, 0
        self.aborted = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        self.looks += 1
        self.left = max(0, self.left - self.taken)
        return self.left

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        self.aborted.set()


@pytest.mark.parametrize(("taken", "looks"), [(0, 2), (40, 4), (100, 2)])
def test_a_connection_ends_when_no_more_of_an_answer_is_taken(taken: int, looks: int) -> None:
    async def answer(scope: object, receive: object, send: object) -> None:
        pass

    async def scenario() -> int:
        config = uvicorn.Config(answer, lifespan="off", log_config=None)
        config.load()
        protocol, transport = with_deadline(0.01)(config, ServerState(), {}), Transport(taken)
        protocol.connection_made(transport)
        protocol._stop_waiting()
        protocol.on_response_complete()
        await transport.aborted.wait()
        return transport.looks

    assert own_loop.run(scenario()) == looks


def test_an_answer_is_not_held_back_until_the_client_has_acknowledged_its_beginning() -> None:
    made: asyncio.Queue[asyncio.BaseTransport] = asyncio.Queue()

    class Kept(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.put_nowait(transport)

    async def scenario() -> int:
        with _listener(ServiceOptions("store", port=0), Bounds()) as listener:
            server = await asyncio.get_running_loop().create_server(Kept, sock=listener)
            with socket.create_connection(listener.getsockname()):
                transport = await made.get()
            own = cast(socket.socket, transport.get_extra_info("socket"))
            nodelay = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            transport.close()
            server.close()
            return nodelay

    assert own_loop.run(scenario()) == 1
