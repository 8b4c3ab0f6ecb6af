"""Long messages through the switch: passed on as they come, never held.

STOX_STREAM_MB and STOX_STREAM_USERS make the big one bigger (100 and 50)."""

import asyncio
import os
import re
import select
import socket
import threading
import time

from bed import Bed, Stoxd, main, until
from sipmsg import token

MB = int(os.environ.get("STOX_STREAM_MB", "20"))
USERS = int(os.environ.get("STOX_STREAM_USERS", "10"))
# a sanitized stoxd keeps what it frees
os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=1")
SANITIZED = 4
END = re.compile(rb"\r\n-------([A-Za-z0-9.\-+%=]{4,64})([$+#])\r\n$")


def rss(pid):
    """(now, at most so far) in octets."""
    with open("/proc/%d/status" % pid) as f:
        text = f.read()
    return tuple(1024 * int(re.search(r"^%s:\s+(\d+) kB" % k, text, re.M)
                            .group(1)) for k in ("VmRSS", "VmHWM"))


def take_socket(user):
    """The user's MSRP stream, out of the event loop's hands."""
    writer = user.call.msrp.connection.writer
    writer.transport.pause_reading()
    sock = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
    sock.setblocking(False)
    return sock


class Readers(threading.Thread):
    """Counts and digests what a number of streams bring."""

    def __init__(self, socks):
        super().__init__(daemon=True)
        self.stop = False
        self.socks = {s.fileno(): s for s in socks}
        self.got = {fd: 0 for fd in self.socks}
        self.tail = {fd: b"" for fd in self.socks}
        self.head = {fd: b"" for fd in self.socks}
        self.broken = {}    # fd -> an end-line with # was among the last octets
        self.ended = {}     # fd -> flag of the first long frame's end
        self.poll = select.epoll()
        for fd in self.socks:
            self.poll.register(fd, select.EPOLLIN)

    def run(self):
        room = bytearray(1 << 19)
        view = memoryview(room)
        while not self.stop:
            for fd, _ in self.poll.poll(0.1):
                self._read(fd, view)

    def _read(self, fd, view):
        try:
            n = self.socks[fd].recv_into(view)
        except BlockingIOError:
            return
        except OSError:
            n = 0
        if n == 0:
            self.poll.unregister(fd)
            self.ended.setdefault(fd, "closed")
            return
        self.got[fd] += n
        if len(self.head[fd]) < 2048:
            self.head[fd] += bytes(view[:min(n, 2048)])
        self.tail[fd] = (self.tail[fd] + bytes(view[max(0, n - 2000):n]))[-2000:]
        if b"#\r\n" in self.tail[fd]:
            self.broken[fd] = True
        m = END.search(self.tail[fd])
        if m:
            self.ended[fd] = m.group(2).decode()


class Sender(threading.Thread):
    """One SEND of many octets, written as fast as it is taken."""

    def __init__(self, sock, session, head, size, total=True):
        super().__init__(daemon=True)
        self.sock, self.tid, self.size = sock, token(12), size
        self.stop, self.sent, self.error = False, 0, None
        self.answer = b""
        lines = ["MSRP %s SEND" % self.tid,
                 "To-Path: " + session.remote_path,
                 "From-Path: " + session.local_path,
                 "Message-ID: " + token(12),
                 "Byte-Range: 1-*/%s" % (len(head) + size if total else "*"),
                 "Success-Report: yes",
                 "Content-Type: message/cpim"]
        self.first = "\r\n".join(lines).encode() + b"\r\n\r\n" + head

    def run(self):
        piece = bytes(range(32, 96)) * 1024
        try:
            self._put(self.first)
            left = self.size
            while left and not self.stop:
                n = min(left, len(piece))
                self._put(piece[:n])
                left -= n
                self.sent += n
            if not left:
                self._put(b"\r\n-------%s$\r\n" % self.tid.encode())
                self._answers()
        except OSError as e:
            self.error = e

    def _put(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[self.sock.send(view):]
            except BlockingIOError:
                if self.stop:
                    return
                select.select([self.sock], [self.sock], [], 1)
                self._read()

    def _read(self):
        try:
            self.answer += self.sock.recv(65536)
        except BlockingIOError:
            pass

    def _answers(self):
        end = time.monotonic() + 60
        while self.answer.count(b"$\r\n") < 2 and \
                time.monotonic() < end and not self.stop:
            select.select([self.sock], [], [], 1)
            self._read()


class Streams(Bed):

    @classmethod
    def set_up_servers(cls):
        cls.stoxd = Stoxd(cls.folder)
        with open(cls.stoxd.config) as f:
            text = f.read()
        with open(cls.stoxd.config, "w") as f:
            f.write(text.replace("msrp {", "msrp {\n max-message = 300000000"))
        cls.start(cls.stoxd)

    def setUp(self):
        self.threads = []

    def tearDown(self):
        for thread in self.threads:
            thread.stop = True
        for thread in self.threads:
            thread.join(10)

    def run_thread(self, thread):
        self.threads.append(thread)
        thread.start()
        return thread

    def head(self, user):
        return ("From: <%s>\r\nTo: <%s>\r\n\r\nContent-Type: video/mp4\r\n\r\n"
                % (user.aor, self.uri)).encode()

    async def room_of(self, n):
        """The first one and the others."""
        users = [await self.sip_in("user%d" % i, subscribe=False)
                 for i in range(n)]
        await asyncio.sleep(0)
        return users[0], users[1:]

    async def sip_in(self, name, nick=None, room=None, subscribe=True, **kw):
        user = await self.sip(name, **kw)
        await user.join(room or self.uri, nick, subscribe=subscribe)
        return user

    async def test_a_long_message_for_many(self):
        """CHAT-14, CHAT-16, MSRP-53: nothing is held but a window."""
        self.allow_violations = True
        alice, others = await self.room_of(USERS + 1)
        pid = self.stoxd.process.pid
        before, _ = rss(pid)
        with open("/proc/%d/clear_refs" % pid, "w") as f:
            f.write("5")
        readers = Readers([take_socket(u) for u in others])
        head, size = self.head(alice), MB * 1000000
        sender = Sender(take_socket(alice), alice.call.msrp, head, size)
        begin = time.monotonic()
        self.run_thread(readers)
        self.run_thread(sender)
        await until(lambda: len(readers.ended) == len(others), 300,
                    lambda: "%d ends, sent %d" % (len(readers.ended),
                                                  sender.sent))
        seconds = time.monotonic() - begin
        _, most = rss(pid)
        await until(lambda: not sender.is_alive(), 60, "the sender's end")
        print("%d MB to %d in %.1f s, %.0f MB/s out, memory %+.1f MB" % (
            MB, USERS, seconds, MB * USERS / seconds,
            (most - before) / 1e6), flush=True)
        self.assertIsNone(sender.error)
        self.assertIn(b"MSRP %s 200" % sender.tid.encode(), sender.answer)
        self.assertIn(b"Status: 000 200", sender.answer)
        self.assertIn(b"Byte-Range: 1-%d/%d\r\n" % (
            len(head) + size, len(head) + size), sender.answer)
        for fd, flag in readers.ended.items():
            self.assertEqual(flag, "$")
            self.assertIn(b"Byte-Range: 1-*/%d\r\n" % (len(head) + size),
                          readers.head[fd])
            self.assertGreater(readers.got[fd], len(head) + size)
        # a window, and what waits in each connection
        allowed = (3000000 + USERS * 200000) * SANITIZED
        self.assertLess(most - before, allowed)


    async def test_one_who_does_not_read(self):
        """V-ABN-6, ABN-11: his copy is cut off, the others get it all, the
        sender hears of success."""
        self.allow_violations = True
        alice, others = await self.room_of(4)
        socks = [take_socket(u) for u in others]
        readers = self.run_thread(Readers(socks[:2]))
        sender = self.run_thread(Sender(
            take_socket(alice), alice.call.msrp, self.head(alice), 50000000))
        await until(lambda: len(readers.ended) == 2, 60, "both ends")
        await until(lambda: not sender.is_alive(), 60, "the sender's end")
        self.assertEqual(set(readers.ended.values()), {"$"})
        self.assertIn(b"Status: 000 200", sender.answer)
        # now he reads on: an end, and how many he missed
        late = self.run_thread(Readers(socks[2:]))
        fd = socks[2].fileno()
        await until(lambda: b"too slow" in late.tail[fd] or
                    late.ended.get(fd) == "closed", 30, "a notice")
        self.assertLess(late.got[fd], 50000000)
        self.assertNotEqual(late.ended.get(fd), "closed")
        self.assertTrue(late.broken.get(fd))

    async def test_sender_killed(self):
        """V-ABN-3, CHAT-17: RST inside a chunk."""
        self.allow_violations = True
        alice, others = await self.room_of(3)
        readers = self.run_thread(Readers([take_socket(u) for u in others]))
        sock = take_socket(alice)
        sender = self.run_thread(Sender(
            sock, alice.call.msrp, self.head(alice), 250000000))
        await until(lambda: min(readers.got.values()) > 1000000, 30, "data")
        sender.stop = True
        sender.join(10)
        alice.call.msrp.connection.abort()
        sock.close()
        await until(lambda: len(readers.ended) == 2, 30, "both ends")
        self.assertEqual(set(readers.ended.values()), {"#"})
        await until(lambda: alice.call.ended, 20, "BYE")

    async def test_many_at_once(self):
        """MSRP-34, MSRP-35: several long messages and short ones through the
        same sessions."""
        users = [await self.sip_in("user%d" % i, subscribe=False)
                 for i in range(5)]
        bodies = {u.name: self.head(u) + bytes([65 + i]) * (1500000 + i) +
                  b"\r\n-------" * 100
                  for i, u in enumerate(users)}

        async def talk(user):
            for k in range(20):
                self.assertEqual(await user.say("%s %d" % (user.name, k),
                                                timeout=60), 200)
        statuses = await asyncio.gather(
            *(u.call.msrp.send(bodies[u.name], chunk=100000, timeout=120)
              for u in users), *(talk(u) for u in users))
        for response in statuses[:len(users)]:
            self.assertEqual(response.status, 200)
        for user in users:
            want = sorted(b for n, b in bodies.items() if n != user.name)

            def got():
                return sorted(m.body for m in user.call.msrp.messages
                              if len(m.body) > 100000)
            await until(lambda: len(user.call.msrp.messages) >=
                        21 * len(want), 60,
                        lambda: "%s has %d" % (user.name, len(got())))
            self.assertEqual(got(), want)
            self.assertEqual(len(user.call.msrp.messages), 21 * len(want))

    async def test_over_tls(self):
        """CHAT-14 over msrps: in and out."""
        self.allow_violations = True
        alice = await self.sip_in("alice", subscribe=False, tls=True)
        bob = await self.sip_in("bob", subscribe=False, tls=True)
        body = self.head(alice) + bytes(range(256)) * 20000
        self.assertEqual((await alice.call.msrp.send(
            body, success="yes", timeout=30)).status, 200)
        await until(lambda: bob.call.msrp.messages, 30, "it")
        self.assertEqual(bob.call.msrp.messages[-1].body, body)


if __name__ == "__main__":
    main()
