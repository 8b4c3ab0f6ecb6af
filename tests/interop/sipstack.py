"""A SIP endpoint: transports, transactions and dialogs (RFC 3261).

Written from the RFCs alone, for tests. Whatever the peer does against them is
noted in Endpoint.violations, which every test expects to be empty."""

import asyncio

import certs
from sipmsg import (NameAddr, SipMessage, SipSyntaxError, SipUri, parse, take,
                    token)

T1, T2 = 0.5, 4.0
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER, MESSAGE"


class SipTimeout(Exception):
    pass


class Flow:
    """A way back to where a message came from."""

    def __init__(self, endpoint, transport, peer, writer=None):
        self.endpoint, self.transport = endpoint, transport
        self.peer, self.writer = peer, writer

    def send(self, data):
        if self.transport == "udp":
            self.endpoint.udp.sendto(data, self.peer)
        elif self.writer and not self.writer.is_closing():
            self.writer.write(data)


class Udp(asyncio.DatagramProtocol):
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def datagram_received(self, data, addr):
        if not data.strip(b"\r\n"):
            return
        try:
            message = parse(data)
        except (SipSyntaxError, UnicodeDecodeError, ValueError) as e:
            self.endpoint.violate("SIP syntax: %s" % e)
            return
        self.endpoint.received(message, Flow(self.endpoint, "udp", addr))


class Dialog:
    """RFC 3261 §12, made by either role."""

    def __init__(self, endpoint, call_id, local, remote, proxy=None):
        self.endpoint, self.call_id = endpoint, call_id
        self.local, self.remote = local, remote  # header values, with tags
        self.local_tag = NameAddr(local).tag
        self.remote_tag = NameAddr(remote).tag
        self.proxy = proxy
        self.routes, self.target = [], None
        self.local_cseq, self.remote_cseq = 0, None
        self.confirmed = False
        self.on_request = None  # message -> response or None
        endpoint.dialogs[(call_id, self.local_tag)] = self

    def learn(self, response):
        """The dialog state a 2xx (or an early NOTIFY) establishes."""
        self.remote = response.get("to")
        self.remote_tag = response.to.tag
        if not self.remote_tag:
            self.endpoint.violate("2xx without a To tag")
        self.routes = list(reversed(response.values("record-route")))
        self.refresh(response)
        self.confirmed = True

    def refresh(self, message):
        if message.contact:
            self.target = message.contact.uri

    def hop(self):
        if self.routes:
            uri = SipUri(NameAddr(self.routes[0]).uri)
            if "lr" not in uri.params:
                self.endpoint.violate("strict route " + self.routes[0])
            return uri.next_hop()
        return self.proxy or SipUri(self.target).next_hop()

    def make(self, method, headers=(), body=b"", cseq=None):
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        m = SipMessage("%s %s SIP/2.0" % (method, self.target))
        m.add("Max-Forwards", 70)
        for route in self.routes:
            m.add("Route", route)
        m.add("From", self.local).add("To", self.remote)
        m.add("Call-ID", self.call_id).add("CSeq", "%d %s" % (cseq, method))
        for n, v in headers:
            m.add(n, v)
        m.body = body if isinstance(body, bytes) else body.encode()
        return m

    async def request(self, method, headers=(), body=b"", **kw):
        return await self.endpoint.request(self.make(method, headers, body),
                                           self.hop(), **kw)

    def ack(self, cseq):
        m = self.make("ACK", cseq=cseq)
        self.endpoint.add_via(m, self.hop())
        self.last_ack = m
        return self.endpoint.send(m, self.hop())

    def close(self):
        self.endpoint.dialogs.pop((self.call_id, self.local_tag), None)


class Endpoint:
    fixed_port = 0      # 0: any

    def __init__(self, name, transport="tcp", host="127.0.0.1",
                 certificate=None, ca=None):
        """With a certificate (two files) it takes TLS too; ca: whom it
        believes when it connects by TLS."""
        self.name, self.transport, self.host = name, transport, host
        self.certificate, self.ca = certificate, ca
        self.port = self.tls_port = None
        self.tls_server, self.tls_accepted = None, 0
        self.violations, self.log = [], []
        self.dialogs, self.clients, self.servers = {}, {}, {}
        self.streams, self.tasks, self.acks = {}, set(), {}
        self.on_request = None  # out of dialog: message -> response
        self.udp = self.server = None

    def violate(self, what):
        self.violations.append("%s: %s" % (self.name, what))

    def spawn(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def start(self):
        loop = asyncio.get_running_loop()
        if self.certificate:
            self.tls_server = await asyncio.start_server(
                self._tls_accepted, self.host, 0,
                ssl=certs.server_context(self.certificate))
            self.tls_port = self.tls_server.sockets[0].getsockname()[1]
        for _ in range(20):
            self.server = await asyncio.start_server(self._accepted, self.host,
                                                     self.fixed_port)
            self.port = self.server.sockets[0].getsockname()[1]
            try:
                self.udp, _ = await loop.create_datagram_endpoint(
                    lambda: Udp(self), local_addr=(self.host, self.port))
                return
            except OSError:
                self.server.close()
        raise OSError("no port free for both UDP and TCP")

    def close(self):
        for task in list(self.tasks):
            task.cancel()
        for flow in self.streams.values():
            flow.writer.close()
        self.server.close()
        if self.tls_server:
            self.tls_server.close()
        self.udp.close()

    @property
    def contact(self):
        port = self.tls_port if self.transport == "tls" else self.port
        return "sip:%s@%s:%d;transport=%s" % (
            self.name, self.host, port or self.port, self.transport)

    # Transport

    async def _accepted(self, reader, writer):
        await self._read(reader, writer, writer.get_extra_info("peername"))

    async def _tls_accepted(self, reader, writer):
        self.tls_accepted += 1
        await self._accepted(reader, writer)

    async def _read(self, reader, writer, peer):
        flow = Flow(self, "tcp", peer, writer)
        self.streams[peer] = flow
        buffer = bytearray()
        try:
            while data := await reader.read(65536):
                buffer += data
                while (message := take(buffer)):
                    self.received(message, flow)
        except (SipSyntaxError, UnicodeDecodeError, ValueError) as e:
            self.violate("SIP syntax: %s" % e)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.streams.pop(peer, None)
            writer.close()

    async def send(self, message, hop):
        transport, host, port = hop
        data = message.to_bytes()
        self.log.append(("out", message))
        if transport == "udp":
            self.udp.sendto(data, (host, port))
            return
        flow = self.streams.get((host, port))
        if not flow or flow.writer.is_closing():
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(
                    host, port, ssl=certs.client_context(self.ca)
                    if transport == "tls" else None), 20)
            self.spawn(self._read(reader, writer, (host, port)))
            flow = Flow(self, "tcp", (host, port), writer)
            self.streams[(host, port)] = flow
        flow.send(data)

    async def drop_streams(self):
        for flow in list(self.streams.values()):
            flow.writer.transport.abort()
        self.streams.clear()

    def add_via(self, message, hop, branch=None):
        via = "SIP/2.0/%s %s:%d;branch=%s;rport" % (
            hop[0].upper(), self.host, self.port, branch or "z9hG4bK" + token())
        message.headers.insert(0, ("Via", via))

    # Client transactions (RFC 3261 §17.1)

    async def request(self, message, hop, timeout=24, on_provisional=None):
        """The final response; an INVITE's failure is acknowledged here, its
        2xx by the caller."""
        self.add_via(message, hop)
        key = (message.branch, message.method)
        queue = self.clients[key] = asyncio.Queue()
        invite = message.method == "INVITE"
        await self.send(message, hop)
        loop = asyncio.get_running_loop()
        end, interval, proceeding = loop.time() + timeout, T1, False
        again = loop.time() + interval
        try:
            while True:
                wait = end - loop.time()
                if wait <= 0:
                    raise SipTimeout(message.start)
                if hop[0] == "udp" and not (invite and proceeding):
                    wait = min(wait, max(0.01, again - loop.time()))
                try:
                    response = await asyncio.wait_for(queue.get(), wait)
                except asyncio.TimeoutError:
                    if hop[0] == "udp" and loop.time() >= again:
                        await self.send(message, hop)
                        interval = min(interval * 2, T2 if not invite else 64)
                        again = loop.time() + interval
                    continue
                if response.status >= 200:
                    break
                proceeding = True
                if on_provisional:
                    on_provisional(response)
        finally:
            self.clients.pop(key, None)
        if invite and response.status >= 300:
            ack = self._ack_failure(message, response)
            self.acks[key] = (ack, hop)
            await self.send(ack, hop)
        return response

    @staticmethod
    def _ack_failure(invite, response):
        ack = SipMessage("ACK %s SIP/2.0" % invite.uri)
        ack.headers.append(invite.headers[0])
        ack.add("Max-Forwards", 70)
        for route in invite.values("route"):
            ack.add("Route", route)
        ack.add("From", invite.get("from")).add("To", response.get("to"))
        ack.add("Call-ID", invite.call_id)
        return ack.add("CSeq", "%d ACK" % invite.cseq[0])

    def cancel(self, invite, hop):
        """CANCEL of an INVITE under way: same branch (RFC 3261 §9.1)."""
        m = SipMessage("CANCEL %s SIP/2.0" % invite.uri)
        m.headers.append(invite.headers[0])
        m.add("Max-Forwards", 70)
        for n in ("From", "To", "Call-ID"):
            m.add(n, invite.get(n))
        m.add("CSeq", "%d CANCEL" % invite.cseq[0])
        queue = self.clients[(m.branch, "CANCEL")] = asyncio.Queue()
        return self._cancelled(m, hop, queue)

    async def _cancelled(self, message, hop, queue):
        await self.send(message, hop)
        return await asyncio.wait_for(queue.get(), 20)

    # Arriving messages

    def received(self, message, flow):
        message.source = flow
        self.log.append(("in", message))
        try:
            if message.is_request:
                self._request_received(message, flow)
            else:
                self._response_received(message)
        except (SipSyntaxError, ValueError, TypeError) as e:
            self.violate("%s: %r" % (message.start, e))

    def _response_received(self, response):
        if len(response.values("via")) != 1:
            self.violate("a response with several Vias")
        key = (response.branch, response.cseq[1])
        queue = self.clients.get(key)
        if queue:
            queue.put_nowait(response)
        elif key in self.acks and response.status >= 300:
            self.spawn(self.send(*self.acks[key]))
        elif response.cseq[1] == "INVITE" and 200 <= response.status < 300:
            dialog = self.dialogs.get((response.call_id, response.from_.tag))
            if dialog and getattr(dialog, "last_ack", None):
                self.spawn(self.send(dialog.last_ack, dialog.hop()))

    def _request_received(self, message, flow):
        key = (message.branch, message.method)
        if key in self.servers:
            if self.servers[key]:
                flow.send(self.servers[key])
            return
        if message.method == "ACK":
            return
        self.servers[key] = None
        dialog = self.dialogs.get((message.call_id, message.to.tag))
        if dialog:
            response = self._in_dialog(dialog, message)
        elif message.to.tag:
            response = self.reply(message, 481, "Call/Transaction Does Not Exist")
        elif self.on_request:
            response = self.on_request(message)
        else:
            response = self.reply(message, 405, "Method Not Allowed",
                                  [("Allow", ALLOW)])
        if response:
            self.respond(message, response)

    def _in_dialog(self, dialog, message):
        if dialog.remote_tag and message.from_.tag != dialog.remote_tag:
            self.violate("From tag %s in a dialog with %s"
                         % (message.from_.tag, dialog.remote_tag))
        number = message.cseq[0]
        if dialog.remote_cseq is not None and number <= dialog.remote_cseq:
            self.violate("%s: CSeq %d after %d"
                         % (message.method, number, dialog.remote_cseq))
        dialog.remote_cseq = number
        if not dialog.confirmed:
            dialog.remote = message.get("from")
            dialog.remote_tag = message.from_.tag
            dialog.routes = message.values("record-route")
            dialog.confirmed = True
        dialog.refresh(message)
        if dialog.on_request:
            return dialog.on_request(message)
        return self.reply(message, 501, "Not Implemented")

    def respond(self, message, response):
        data = response.to_bytes()
        self.servers[(message.branch, message.method)] = data
        self.log.append(("out", response))
        message.source.send(data)

    def reply(self, message, status, reason, headers=(), body=b"", tag=None):
        r = SipMessage("SIP/2.0 %d %s" % (status, reason), body=body)
        for via in message.values("via"):
            r.add("Via", via)
        for route in message.values("record-route"):
            r.add("Record-Route", route)
        r.add("From", message.get("from"))
        to = message.get("to")
        if not message.to.tag:
            to += ";tag=" + (tag or token())
        r.add("To", to).add("Call-ID", message.call_id)
        r.add("CSeq", message.get("cseq"))
        for n, v in headers:
            r.add(n, v)
        return r

    # Requests outside dialogs

    def make(self, method, uri, from_, to=None, call_id=None, tag=None,
             headers=(), body=b"", cseq=1):
        m = SipMessage("%s %s SIP/2.0" % (method, uri))
        m.add("Max-Forwards", 70)
        m.add("From", "%s;tag=%s" % (from_, tag or token()))
        m.add("To", to or "<%s>" % uri)
        m.add("Call-ID", call_id or token(16) + "@" + self.host)
        m.add("CSeq", "%d %s" % (cseq, method))
        for n, v in headers:
            m.add(n, v)
        m.body = body if isinstance(body, bytes) else body.encode()
        return m
