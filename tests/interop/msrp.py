"""An MSRP endpoint (RFC 4975): framing, sessions, chunks, reports.

Written from the RFCs alone, for tests; what the peer does against them is
noted in MsrpSession.violations."""

import asyncio
import re
import ssl

from sipmsg import token

IDENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}$")
START = re.compile(r"^MSRP ([^ ]+) (?:([A-Z]+)|(\d{3})(?: (.*))?)$")


class MsrpError(Exception):
    pass


class Frame:
    def __init__(self, tid, method=None, status=None, comment="", headers=(),
                 body=None, flag="$"):
        self.tid, self.method, self.status = tid, method, status
        self.comment, self.headers = comment or "", list(headers)
        self.body, self.flag = body, flag

    def get(self, name):
        for n, v in self.headers:
            if n.lower() == name.lower():
                return v
        return None

    def to_bytes(self):
        first = self.method or ("%d %s" % (self.status, self.comment)).strip()
        lines = ["MSRP %s %s" % (self.tid, first)]
        lines += ["%s: %s" % h for h in self.headers]
        data = "\r\n".join(lines).encode() + b"\r\n"
        if self.body is not None:
            data += b"\r\n" + self.body + b"\r\n"
        return data + b"-------" + self.tid.encode() + self.flag.encode() + b"\r\n"


class Framer:
    """Bytes to frames. The end-line alone ends a frame (RFC 4975 §7.1)."""

    def __init__(self):
        self.buffer = bytearray()
        self.head = None    # a Frame whose body is under way
        self.searched = 0

    def feed(self, data):
        self.buffer += data
        frames = []
        while True:
            frame = self._body() if self.head else self._head()
            if frame is None:
                return frames
            frames.append(frame)

    def _head(self):
        while not self.head:
            eol = self.buffer.find(b"\r\n")
            if eol < 0:
                return None
            m = START.match(self.buffer[:eol].decode("utf-8"))
            if not m or not IDENT.match(m.group(1)):
                raise MsrpError("start line %r" % bytes(self.buffer[:eol]))
            tid = m.group(1)
            end = re.compile(rb"\r\n(\r\n|-------%s([$+#])\r\n)"
                             % re.escape(tid).encode()).search(self.buffer)
            if not end:
                return None
            block = self.buffer[eol + 2:end.start()].decode("utf-8")
            headers = []
            for line in block.split("\r\n") if block else []:
                name, colon, value = line.partition(": ")
                if not colon or not re.match(r"^[A-Za-z][\w\-.!%*+`'~]*$", name):
                    raise MsrpError("header line %r" % line)
                headers.append((name, value))
            frame = Frame(tid, m.group(2),
                          int(m.group(3)) if m.group(3) else None, m.group(4),
                          headers)
            if frame.status is None and not frame.method:
                raise MsrpError("neither method nor status")
            flag = end.group(2)     # before the octets it points at are gone
            del self.buffer[:end.end()]
            if flag:
                frame.flag = flag.decode()
                return frame
            self.head, self.searched = frame, 0
        return self._body()

    def _body(self):
        end = b"\r\n-------" + self.head.tid.encode()
        # An empty body's CRLF stands right at the front.
        while (at := self.buffer.find(end, self.searched)) >= 0:
            tail = self.buffer[at + len(end):at + len(end) + 3]
            if len(tail) < 3 and re.match(rb"^(|[$+#]\r?)$", tail):
                return None
            if re.match(rb"^[$+#]\r\n$", tail):
                frame, self.head = self.head, None
                frame.body = bytes(self.buffer[:at])
                frame.flag = chr(tail[0])
                del self.buffer[:at + len(end) + 3]
                return frame
            self.searched = at + 1
        self.searched = max(self.searched, len(self.buffer) - len(end))
        return None


class Connection:
    """One TCP or TLS stream with the sessions on it."""

    def __init__(self, reader, writer, session):
        self.reader, self.writer = reader, writer
        self.sessions = [session] if session else []
        self.framer, self.closed = Framer(), asyncio.Event()
        self.pending = {}   # tid -> future of the response
        self.frames = []    # everything that came, in order
        self.paused = asyncio.Event()
        self.paused.set()
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            while data := await self.reader.read(65536):
                await self.paused.wait()
                for frame in self.framer.feed(data):
                    self.frames.append(frame)
                    self._frame(frame)
        except (MsrpError, UnicodeDecodeError) as e:
            for session in self.sessions:
                session.violate("MSRP syntax: %s" % e)
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.closed.set()
            for future in self.pending.values():
                if not future.done():
                    future.set_exception(ConnectionResetError("MSRP closed"))
                    future.exception()
            self.writer.close()

    def _frame(self, frame):
        if frame.status is not None:
            future = self.pending.pop(frame.tid, None)
            if future and not future.done():
                future.set_result(frame)
            return
        to = frame.get("To-Path")
        for session in self.sessions:
            if to == session.local_path:
                session.received(frame)
                return
        for session in self.sessions[:1]:
            session.violate("To-Path %s is nobody's here" % to)

    def write(self, data):
        self.writer.write(data)

    def abort(self):
        """Ends the TCP connection by RST, not FIN."""
        import socket
        import struct
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self):
        self.task.cancel()
        self.writer.close()


class Message:
    """A reassembled SEND."""

    def __init__(self, ident, frame):
        self.id, self.headers = ident, frame.headers
        self.ctype = frame.get("Content-Type")
        self.parts, self.total, self.frames = {}, None, 0

    def put(self, start, body, flag):
        self.parts[start] = body
        self.frames += 1
        if flag == "$":
            self.total = start - 1 + len(body)

    @property
    def body(self):
        """The octets when complete, else None (RFC 4975 §7.3.1)."""
        if self.total is None:
            return None
        out = bytearray()
        for start in sorted(self.parts):
            if start - 1 > len(out):
                return None
            out[start - 1:] = self.parts[start]
        return bytes(out) if len(out) == self.total else None


class MsrpSession:
    """One session with one remote path. `violations` is shared with the user
    agent that owns it."""

    def __init__(self, local_uri, violations, name="msrp"):
        self.local_path, self.remote_path = local_uri, None
        self.relays = []    # ours, as in Use-Path
        self.violations, self.name = violations, name
        self.connection = None
        self.messages, self.reports, self.aborted = [], [], []
        self.on_message = None
        self.answer_with = 200
        self.partial, self.seen, self.sent_ids = {}, set(), set()

    @property
    def path(self):
        """For our session description (RFC 4976 §5.1)."""
        return " ".join(self.relays[::-1] + [self.local_path])

    def set_peer(self, path):
        self.remote_path = " ".join(self.relays + [path])

    def violate(self, what):
        self.violations.append("%s: %s" % (self.name, what))

    # Receiving

    def received(self, frame):
        if frame.get("From-Path") != self.remote_path:
            self.violate("From-Path %s, SDP says %s"
                         % (frame.get("From-Path"), self.remote_path))
        names = [n for n, _ in frame.headers[:2]]
        if names != ["To-Path", "From-Path"]:
            self.violate("headers begin %s" % names)
        if frame.method == "REPORT":
            self.reports.append(frame)
        elif frame.method == "SEND":
            self._send_received(frame)
        else:
            self._respond(frame, 501, "Unknown")

    def _respond(self, frame, status, comment):
        failure = (frame.get("Failure-Report") or "yes").lower()
        if failure == "no" or (failure == "partial" and status == 200):
            return
        # SEND is answered to the leftmost hop only (RFC 4975 §7.2)
        back = frame.get("From-Path").split(" ")
        self.connection.write(Frame(
            frame.tid, None, status, comment,
            [("To-Path", back[0] if frame.method == "SEND" else " ".join(back)),
             ("From-Path", self.local_path)]).to_bytes())

    def _send_received(self, frame):
        self._respond(frame, self.answer_with, "OK")
        if frame.body is None:
            return
        ident = frame.get("Message-ID")
        ranges = re.match(r"^(\d+)-(\d+|\*)/(\d+|\*)$", frame.get("Byte-Range") or "")
        if not ident or not IDENT.match(ident) or not frame.get("Content-Type"):
            self.violate("SEND without Message-ID or Content-Type")
            return
        if not ranges:
            self.violate("Byte-Range %r" % frame.get("Byte-Range"))
            return
        start = int(ranges.group(1))
        if ranges.group(2) != "*":
            if int(ranges.group(2)) != start - 1 + len(frame.body):
                self.violate("Byte-Range %s with %d octets"
                             % (ranges.group(0), len(frame.body)))
        elif frame.flag == "+" and len(frame.body) < 2048:
            pass  # an interrupted chunk may be of any length
        if frame.flag == "#":
            self.partial.pop(ident, None)
            self.aborted.append(ident)
            return
        message = self.partial.setdefault(ident, Message(ident, frame))
        message.put(start, frame.body, frame.flag)
        if message.body is None:
            return
        del self.partial[ident]
        if ident in self.seen or ident in self.sent_ids:
            self.violate("Message-ID %s again" % ident)
        self.seen.add(ident)
        self.messages.append(message)
        if self.on_message:
            self.on_message(message)

    # Sending

    def frame(self, method, headers=(), body=None, flag="$", tid=None):
        return Frame(tid or token(12), method, headers=[
            ("To-Path", self.remote_path), ("From-Path", self.local_path),
            *headers], body=body, flag=flag)

    def expect(self, tid):
        future = asyncio.get_running_loop().create_future()
        self.connection.pending[tid] = future
        return future

    async def request(self, method, headers=(), body=None, flag="$", tid=None,
                      timeout=20):
        frame = self.frame(method, headers, body, flag, tid)
        future = self.expect(frame.tid)
        self.connection.write(frame.to_bytes())
        response = await asyncio.wait_for(future, timeout)
        self._check_response(response, method)
        return response

    def _check_response(self, r, method):
        if r.get("To-Path") != self.local_path.split(" ")[0] and method == "SEND":
            self.violate("response To-Path %s" % r.get("To-Path"))
        want = self.remote_path     # a SEND's comes from the next hop
        if method == "SEND":
            want = want.split(" ")[0]
        if r.get("From-Path") != want:
            self.violate("response From-Path %s" % r.get("From-Path"))
        if r.flag != "$" or r.body is not None:
            self.violate("response with flag %s or a body" % r.flag)

    async def bind(self):
        """The bodiless SEND that names the session (RFC 4975 §5.4)."""
        return await self.request("SEND", [("Message-ID", token(12)),
                                           ("Byte-Range", "1-0/0")])

    async def send(self, body, ctype="message/cpim", chunk=None, ident=None,
                   success=None, failure=None, total=True, timeout=20):
        """The last chunk's response, or the first that isn't 200. Without a
        response to expect (failure "no" or "partial"), None at once."""
        ident = ident or token(12)
        self.sent_ids.add(ident)
        size = len(body)
        step = chunk or max(size, 1)
        waiting = []
        for at in range(0, max(size, 1), step):
            part = body[at:at + step]
            last = at + step >= size
            headers = [("Message-ID", ident), ("Byte-Range", "%d-%d/%s" % (
                at + 1, at + len(part), size if total else "*"))]
            if success:
                headers.append(("Success-Report", success))
            if failure:
                headers.append(("Failure-Report", failure))
            headers.append(("Content-Type", ctype))
            frame = self.frame("SEND", headers, part, "$" if last else "+")
            if failure in (None, "yes"):
                waiting.append(self.expect(frame.tid))
            self.connection.write(frame.to_bytes())
        response = None
        for future in waiting:
            response = await asyncio.wait_for(future, timeout)
            self._check_response(response, "SEND")
            if response.status != 200:
                return response
        return response

    async def use_nickname(self, nick):
        quoted = '"%s"' % nick.replace("\\", "\\\\").replace('"', '\\"')
        return await self.request("NICKNAME", [("Use-Nickname", quoted)])
