"""Details and refusals on the SIP and MSRP side, without an XMPP server."""

import asyncio
import ssl

import cpim
import sdp
from bed import Bed, Stoxd, main, until
from msrp import Connection, Framer, MsrpSession
from sipmsg import token
from sipmsrp import CONFINFO, Refused, contact_params


async def closed(reader, timeout=10):
    """What the peer still sends before it closes, by FIN or RST."""
    data = bytearray()
    try:
        while part := await asyncio.wait_for(reader.read(4096), timeout):
            data += part
    except ConnectionResetError:
        pass
    return bytes(data)


class Signalling(Bed):
    async def refused(self, user, room=None, **kw):
        with self.assertRaises(Refused) as r:
            await user.invite(room or self.uri, **kw)
        return r.exception.response

    async def test_answer(self):
        """SDP-1, SDP-3, SDP-4, SDP-6, SDP-9, SDP-15, FOCUS-1, V-SDP-1,
        V-FOCUS-1."""
        for transport in ("tcp", "udp"):
            alice = await self.sip("alice", transport=transport,
                                   proxy=(transport,) + self.stoxd.proxy[1:])
            call = await alice.join(self.uri, "Alice", subscribe=False)
            chat = call.answer.chat
            self.assertEqual(chat.proto, "TCP/MSRP")
            self.assertEqual(chat.get("accept-types"), "message/cpim")
            self.assertIsNotNone(chat.get("accept-wrapped-types"))
            self.assertEqual(chat.get("setup"), "passive")
            self.assertEqual(sorted(chat.get("chatroom").split()),
                             ["nickname", "private-messages"])
            self.assertRegex(chat.get("path"),
                             r"^msrp://[^ ]+/[A-Za-z0-9._~+=-]{14,};tcp$")
            self.assertIn("isfocus", contact_params(call.response))
            self.assertEqual(call.response.contact.uri, self.uri)
            self.assertIn("conference", call.response.tokens("allow-events"))
            await alice.leave()

    async def test_offers_taken(self):
        """SDP-2, SDP-3, SDP-5, SDP-9, V-SDP-2, V-SDP-3, V-SDP-5."""
        alice = await self.sip("alice")
        call = await alice.join(self.uri, subscribe=False, accept="*")
        await alice.leave()
        for setup in (None, "holdconn", "actpass"):
            call = await alice.invite(self.uri, setup=setup)
            self.assertEqual(call.answer.chat.get("setup"), "passive", setup)
            await alice.leave()
        path = alice._session().local_path
        text = sdp.offer(path, 9).replace(
            "m=message", "m=audio 4000 RTP/AVP 0\r\nm=message")
        call = await alice.invite(self.uri, offer=text)
        self.assertEqual([m.kind for m in call.answer.media],
                         ["audio", "message"])
        self.assertEqual(call.answer.media[0].port, 0)

    async def test_offers_refused(self):
        """SDP-2, SDP-5, SDP-13, V-SDP-2: 488."""
        alice = await self.sip("alice")
        for kw in ({"accept": "text/plain"}, {"accept": None},
                   {"offer": sdp.offer(None, 9)},
                   {"offer": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
                    "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"}):
            r = await self.refused(alice, **kw)
            self.assertEqual(r.status, 488, kw)

    async def test_refusals(self):
        """FOCUS-7, SIP-3, SIP-6, SIP-8, EVENT-2, V-FOCUS-5."""
        alice = await self.sip("alice")
        self.assertEqual((await self.refused(
            alice, "sip:room@elsewhere.test")).status, 404)
        self.assertEqual((await self.refused(
            alice, "sip:room@closed.test")).status, 404)
        r = await self.refused(alice, headers=[("Require", "precondition")])
        self.assertEqual(r.status, 420)
        self.assertEqual(r.tokens("unsupported"), {"precondition"})
        r = await alice.ask("PUBLISH", self.uri, [("Event", "conference")])
        self.assertEqual(r.status, 405)
        self.assertIn("INVITE", r.tokens("allow"))
        r = await alice.ask("FROBNICATE", self.uri)
        self.assertEqual(r.status, 501)
        for method in ("BYE", "NOTIFY", "INVITE"):
            m = alice.make(method, self.uri, alice.from_header,
                           "<%s>;tag=nosuch" % self.uri)
            m.add("Contact", "<%s>" % alice.contact)
            if method == "NOTIFY":
                m.add("Event", "conference").add("Subscription-State", "active")
            r = await alice.request(m, alice.proxy)
            self.assertEqual(r.status, 481, method)

    async def test_options(self):
        """SIP-5."""
        alice = await self.sip("alice")
        call = await alice.join(self.uri, subscribe=False)
        for r in (await alice.options(self.uri),
                  await call.dialog.request("OPTIONS")):
            self.assertEqual(r.status, 200)
            self.assertLessEqual({"INVITE", "BYE", "CANCEL", "ACK", "SUBSCRIBE"},
                                 r.tokens("allow"))
            self.assertIn("conference", r.tokens("allow-events"))
            self.assertIn("isfocus", contact_params(r))

    async def test_cancel(self):
        """SIP-3: a CANCEL is answered; whoever wins the race, no ghost."""
        bob = await self.sip_in("bob", "Bob")
        alice = await self.sip("alice", transport="udp",
                               proxy=("udp",) + self.stoxd.proxy[1:])
        task = asyncio.ensure_future(alice.invite(self.uri))
        await until(lambda: alice.log, 5, "the INVITE to leave")
        r = await alice.cancel(alice.log[0][1], alice.proxy)
        self.assertIn(r.status, (200, 481))
        try:
            await task
            await alice.leave()
        except Refused as e:
            self.assertEqual(e.status, 487)
        await until(lambda: bob.roster.names() == ["Bob"], 10, "Bob alone")

    async def test_bye(self):
        """FOCUS-10, V-EVENT-4."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10, "both")
        r = await bob.leave()
        self.assertEqual(r.status, 200)
        await until(lambda: alice.roster.names() == ["Alice"], 10, "alone")
        call = await bob.join(self.uri)
        dialog = call.dialog
        await bob.leave()
        self.assertEqual((await dialog.request("BYE")).status, 481)

    async def test_reinvite(self):
        """SDP-17, SDP-18, V-SDP-7: same offer, same answer, session kept."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        version = bob.roster.version
        for _ in range(2):
            r = await alice.reinvite()
            self.assertEqual(r.status, 200)
            self.assertEqual(r.body, alice.call.response.body)
        self.assertEqual(await alice.say("after the re-INVITE"), 200)
        await self.heard(bob, "after the re-INVITE")
        self.assertEqual(bob.roster.names(), ["Alice", "Bob"])
        self.assertEqual(bob.roster.version, version)
        r = await alice.reinvite(offer=sdp.offer(
            alice.call.msrp.local_path, 9, accept="text/plain", version=2))
        self.assertEqual(r.status, 488)
        self.assertEqual(await alice.say("the old session goes on"), 200)
        await self.heard(bob, "the old session goes on")
        self.assertEqual(await bob.whisper(alice.aor, "private"), 200)
        r = await alice.reinvite(offer=sdp.offer(
            alice.call.msrp.local_path, 9, chatroom=None, version=3))
        self.assertEqual(r.status, 200)
        self.assertEqual(await bob.whisper(alice.aor, "private"), 428)

    async def test_reconnect_by_reinvite(self):
        """SDP-18, ABN-1, MSRP-79: a lost connection comes back by a re-INVITE
        with a new path."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        call = alice.call
        call.msrp.connection.abort()
        old = call.msrp.remote_path
        call.msrp = alice._session()
        call.msrp.on_message = call.on_message
        call.offer = sdp.offer(call.msrp.local_path, 9, version=2)
        r = await alice.reinvite()
        self.assertEqual(r.status, 200)
        call.msrp.remote_path = sdp.Sdp(r.body).chat.get("path")
        self.assertNotEqual(call.msrp.remote_path, old)
        await alice.connect_msrp(call.msrp)
        self.assertEqual(await alice.say("back again"), 200)
        await self.heard(bob, "back again")
        self.assertEqual(await bob.say("welcome"), 200)
        await self.heard(alice, "welcome")

    async def test_retransmission(self):
        """SIP-7: the same request again gets the same response, once done."""
        alice = await self.sip("alice", transport="udp",
                               proxy=("udp",) + self.stoxd.proxy[1:])
        call = await alice.join(self.uri, "Alice")
        message = alice.make("OPTIONS", self.uri, alice.from_header)
        alice.add_via(message, alice.proxy)
        answers = []
        for _ in range(2):
            queue = asyncio.Queue()
            alice.clients[(message.branch, "OPTIONS")] = queue
            await alice.send(message, alice.proxy)
            answers.append(await asyncio.wait_for(queue.get(), 5))
        self.assertEqual(answers[0].get("to"), answers[1].get("to"))
        bye = call.dialog.make("BYE")
        first = await alice.request(bye, alice.proxy)
        queue = asyncio.Queue()
        alice.clients[(bye.branch, "BYE")] = queue
        await alice.send(bye, alice.proxy)
        again = await asyncio.wait_for(queue.get(), 5)
        self.assertEqual((first.status, again.status), (200, 200))
        call.ended = True

    async def test_no_ack(self):
        """SIP-7: the 200 to an INVITE is sent again over UDP until the ACK."""
        alice = await self.sip("alice", transport="udp",
                               proxy=("udp",) + self.stoxd.proxy[1:])
        call = await alice.invite(self.uri, ack=False)

        def answers():
            return [m for way, m in alice.log if way == "in" and
                    not m.is_request and m.status == 200]
        await until(lambda: len(answers()) >= 3, 10, "the 200 again")
        self.assertEqual(len({m.get("to") for m in answers()}), 1)
        await call.dialog.ack(1)
        await alice.leave()

    async def test_syntax(self):
        """SIP-3: what is no SIP neither kills nor confuses the server."""
        alice = await self.sip_in("alice", "Alice")
        for junk in (b"GARBAGE\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n\r\n",
                     b"\x00\xff" * 200, b"\r\n\r\n",
                     b"INVITE sip:r@chat.test SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n"
                     b"Content-Length: 99999999\r\n\r\n"):
            alice.udp.sendto(junk, self.stoxd.proxy[1:])
            reader, writer = await asyncio.open_connection(*self.stoxd.proxy[1:])
            writer.write(junk)
            await writer.drain()
            writer.close()
        self.assertEqual((await alice.options(self.uri)).status, 200)
        self.assertEqual(await alice.say("alive"), 200)


class Trust(Bed):
    @classmethod
    def set_up_servers(cls):
        cls.stoxd = cls.start(Stoxd(cls.folder, trust=("192.0.2.0/24",)))

    async def test_untrusted_peer(self):
        """FOCUS-60: nobody is trusted by default."""
        alice = await self.sip("alice")
        with self.assertRaises(Refused) as r:
            await alice.invite(self.uri, headers=[
                ("P-Asserted-Identity", "<sip:alice@sip.test>")])
        self.assertIn(r.exception.status, (401, 403))
        with self.assertRaises(Refused) as r:
            await alice.subscribe(self.uri)
        self.assertIn(r.exception.status, (401, 403))


class Events(Bed):
    async def test_versions(self):
        """EVENT-5, EVENT-10, EVENT-11, EVENT-14, EVENT-30, V-EVENT-1,
        V-EVENT-2, CHAT-5: +1 each, a gap would raise."""
        alice = await self.sip_in("alice", "Alice")
        subscription = alice.subscriptions[self.uri]
        self.assertEqual(subscription.response.status, 200)
        self.assertRegex(subscription.state, r"^active;expires=\d+")
        bob = await self.sip_in("bob", "Bob")
        await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10, "both")
        await bob.leave()
        await until(lambda: alice.roster.names() == ["Alice"], 10, "one")
        versions = [v for v, _, _ in alice.roster.history]
        self.assertEqual(versions, list(range(1, len(versions) + 1)))
        self.assertEqual(alice.roster.history[0][1], "full")
        self.assertIn("partial", [s for _, s, _ in alice.roster.history])
        user = alice.roster.by_name("Alice")
        self.assertEqual(user.entity, alice.aor)
        self.assertEqual([e["status"] for e in user.endpoints.values()],
                         ["connected"])
        self.assertEqual([e["media"] for e in user.endpoints.values()],
                         [["message"]])

    async def test_refresh_and_end(self):
        """EVENT-3, EVENT-5, EVENT-6, EVENT-12, V-EVENT-5."""
        alice = await self.sip_in("alice", "Alice")
        subscription = alice.subscriptions[self.uri]
        count = len(subscription.notifies)
        r = await alice.refresh(subscription)
        self.assertEqual(r.status, 200)
        await until(lambda: len(subscription.notifies) > count, 10, "a NOTIFY")
        self.assertEqual(alice.roster.history[-1][1], "full")
        r = await alice.refresh(subscription, 0)
        self.assertEqual(r.status, 200)
        await until(lambda: subscription.state.startswith("terminated"), 10,
                    "the last NOTIFY")
        self.assertIn("reason=timeout", subscription.state)
        self.assertEqual(alice.roster.history[-1][1], "full")

    async def test_in_dialog(self):
        """EVENT-8: a subscription in the INVITE dialog; it survives BYE."""
        alice = await self.sip("alice")
        call = await alice.join(self.uri, "Alice", subscribe=False)
        subscription = await alice.subscribe(call=call)
        bob = await self.sip_in("bob", "Bob")
        await until(lambda: subscription.conference.names() == ["Alice", "Bob"],
                    10, "both")
        await bob.leave()
        await until(lambda: subscription.conference.names() == ["Alice"], 10,
                    "one")

    async def test_refusals(self):
        """EVENT-2, EVENT-4, V-EVENT-6."""
        alice = await self.sip_in("alice", "Alice")
        contact = ("Contact", "<%s>" % alice.contact)
        base = [("Accept", CONFINFO), contact]
        for headers, status in (
                ([("Event", "presence"), *base], 489), (base, 489),
                ([("Event", "conference"), ("Accept", "text/plain"), contact],
                 406),
                ([("Event", "conference"), ("Expires", "5"), *base], 423)):
            r = await alice.request(alice.make(
                "SUBSCRIBE", self.uri, alice.from_header, headers=headers),
                alice.proxy)
            self.assertEqual(r.status, status, headers)
            if status == 423:
                self.assertEqual(r.get("min-expires"), "60")
        with self.assertRaises(Refused) as r:
            await alice.subscribe("sip:nowhere@closed.test")
        self.assertEqual(r.exception.status, 404)

    async def test_lost_subscriber(self):
        """EVENT-7: a NOTIFY answered 481 ends the subscription."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await until(lambda: bob.roster.names() == ["Alice", "Bob"], 10, "both")
        subscription = bob.subscriptions[self.uri]
        subscription.answer_with = 481
        count = len(subscription.notifies)
        await alice.nick("Ann")
        await until(lambda: len(subscription.notifies) > count, 10, "a NOTIFY")
        carol = await self.sip_in("carol", "Carol")
        await until(lambda: len(alice.roster.names()) == 3, 10, "three")
        await until(lambda: len(carol.roster.names()) == 3, 10, "three")
        self.assertEqual(len(subscription.notifies), count + 1)


class Switch(Bed):
    """The MSRP side of the room."""

    async def pair(self, **kw):
        alice = await self.sip_in("alice", "Alice", **kw)
        bob = await self.sip_in("bob", "Bob", **kw)
        await until(lambda: alice.roster.names() == ["Alice", "Bob"] and
                    bob.roster.names() == ["Alice", "Bob"], 10, "both")
        return alice, bob

    async def status(self, user, body, ctype="message/cpim", **kw):
        return (await user.call.msrp.send(body, ctype, **kw)).status

    async def test_tls(self):
        """MSRP-75, MSRP-77, SDP-4: msrps and msrp users in one room."""
        alice = await self.sip_in("alice", "Alice", tls=True)
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(alice.call.answer.chat.proto, "TCP/TLS/MSRP")
        self.assertTrue(alice.call.msrp.remote_path.startswith("msrps://"))
        writer = alice.call.msrp.connection.writer
        self.assertIn(writer.get_extra_info("ssl_object").version(),
                      ("TLSv1.2", "TLSv1.3"))
        self.assertEqual(await alice.say("over TLS"), 200)
        await self.heard(bob, "over TLS")
        self.assertEqual(await bob.say("over TCP"), 200)
        await self.heard(alice, "over TCP")
        big = "x" * 60000
        self.assertEqual(await bob.say(big), 200)
        await self.heard(alice, big)

    async def test_msrps_session_over_plain_tcp(self):
        """MSRP-77: 481."""
        alice = await self.sip("alice", tls=True)
        call = await alice.invite(self.uri)
        reader, writer = await asyncio.open_connection("127.0.0.1",
                                                       self.stoxd.msrp)
        call.msrp.connection = Connection(reader, writer, call.msrp)
        self.assertEqual((await call.msrp.bind()).status, 481)

    async def test_passive_client(self):
        """MSRP-72, SDP-9: stoxd connects to a client that offers
        setup:passive, and begins with a bodiless SEND."""
        alice = await self.sip_in("alice", "Alice", listen=True)
        self.assertEqual(alice.call.answer.chat.get("setup"), "active")
        connection = alice.call.msrp.connection
        await until(lambda: connection.frames, 10, "the first SEND")
        self.assertEqual(connection.frames[0].method, "SEND")
        self.assertIsNone(connection.frames[0].body)
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await bob.say("hello"), 200)
        await self.heard(alice, "hello")
        self.assertEqual(await alice.say("hello too"), 200)
        await self.heard(bob, "hello too")

    async def test_shared_connection(self):
        """MSRP-68: one user's sessions of two rooms on one connection."""
        alice, bob = await self.pair()
        other = self.uri.replace("sip:", "sip:other-")
        first = alice.call
        second = await alice.join(other, "Alice", subscribe=False,
                                  share=first.msrp.connection)
        self.assertEqual(await alice.say("here", first.room), 200)
        self.assertEqual(await alice.say("there", second.room), 200)
        await self.heard(bob, "here")
        self.assertEqual(bob.call.texts(), ["here"])

    async def test_chunks_in(self):
        """MSRP-28, MSRP-29, MSRP-12, V-CHAT-3: reassembled from any chunks,
        forwarded once, whole."""
        alice, bob = await self.pair()
        for size, chunk, total in ((1, 1, True), (100, 1, True),
                                   (9000, 2048, False), (60000, 7000, True)):
            text = ("%d " % size) + "y" * size
            self.assertEqual(await alice.say(text, chunk=chunk, total=total),
                             200)
            await self.heard(bob, text)
        self.assertEqual(len(bob.call.chat), 4)

    async def test_chunks_out_of_order(self):
        """MSRP-29, V-MSRP-4."""
        alice, bob = await self.pair()
        body = alice.wrap("out of order", self.uri)
        ident, half, n = token(12), len(body) // 2, len(body)
        for start, part, flag in ((half, body[half:], "$"),
                                  (0, body[:half], "+")):
            r = await alice.call.msrp.request("SEND", [
                ("Message-ID", ident),
                ("Byte-Range", "%d-%d/%d" % (start + 1, start + len(part), n)),
                ("Content-Type", "message/cpim")], part, flag)
            self.assertEqual(r.status, 200)
        await self.heard(bob, "out of order")

    async def test_abandoned(self):
        """MSRP-31: `#` drops what came."""
        alice, bob = await self.pair()
        body = alice.wrap("never", self.uri)
        r = await alice.call.msrp.request("SEND", [
            ("Message-ID", token(12)), ("Byte-Range", "1-*/%d" % len(body)),
            ("Content-Type", "message/cpim")], body, "#")
        self.assertEqual(r.status, 200)
        self.assertEqual(await alice.say("but this"), 200)
        await self.heard(bob, "but this")
        self.assertEqual(bob.call.texts(), ["but this"])

    async def test_split_at_every_octet(self):
        """MSRP-13, V-MSRP-3: the same frame in two reads, cut anywhere."""
        alice, bob = await self.pair()
        msrp = alice.call.msrp
        body = alice.wrap("x\r\n-------tag$\r\n--------\r\n-------", self.uri)
        sent = 0
        tid = token(12)
        frame = msrp.frame("SEND", [
            ("Message-ID", "m" * 12), ("Byte-Range", "1-%d/%d" % (
                len(body), len(body))), ("Content-Type", "message/cpim")],
            body, tid=tid).to_bytes()
        for cut in list(range(1, 80, 7)) + list(range(len(frame) - 30,
                                                      len(frame))):
            tid, ident = token(12), token(12)
            data = msrp.frame("SEND", [
                ("Message-ID", ident), ("Byte-Range", "1-%d/%d" % (
                    len(body), len(body))), ("Content-Type", "message/cpim")],
                body, tid=tid).to_bytes()
            future = msrp.expect(tid)
            msrp.connection.write(data[:cut])
            await asyncio.sleep(0.005)
            msrp.connection.write(data[cut:])
            self.assertEqual((await asyncio.wait_for(future, 10)).status, 200)
            sent += 1
        await until(lambda: len(bob.call.chat) == sent, 10, "all of them")
        self.assertEqual({h.raw.body for h in bob.call.heard}, {body})

    async def test_octet_by_octet(self):
        """MSRP-13."""
        alice, bob = await self.pair()
        msrp = alice.call.msrp
        body = alice.wrap("drip", self.uri)
        data = msrp.frame("SEND", [
            ("Message-ID", token(12)), ("Byte-Range", "1-%d/%d" % (
                len(body), len(body))), ("Content-Type", "message/cpim")],
            body).to_bytes()
        for octet in data:
            msrp.connection.write(bytes([octet]))
            await asyncio.sleep(0)
        await self.heard(bob, "drip")

    async def test_body_that_looks_like_framing(self):
        """MSRP-12, MSRP-14, MSRP-15, V-DRAFT-5: bodies are octets."""
        alice, bob = await self.pair()
        bodies = [b"\x00\x01\xff\xfe\r\n\n\r", b"\r\n-------abcd$\r\n",
                  b"MSRP abcd SEND\r\nTo-Path: x\r\n-------abcd$\r\n",
                  b"-------", b"\r\n", b"\r\n-----t5ee$\r\n"]
        for content in bodies:
            entity = alice.wrap(content, self.uri, "application/octet-stream")
            self.assertEqual(await self.status(alice, entity), 200)
        await until(lambda: len(bob.call.heard) >= len(bodies), 10, "all")
        self.assertEqual([h.cpim.content for h in bob.call.heard], bodies)

    async def test_success_report(self):
        """MSRP-53, MSRP-52, V-MSRP-6."""
        alice, bob = await self.pair()
        msrp, ident = alice.call.msrp, token(12)
        self.assertEqual(await alice.say("report", success="yes", ident=ident,
                                         chunk=30), 200)
        await until(lambda: msrp.reports, 10, "the REPORT")
        report = msrp.reports[0]
        size = len(alice.wrap("report", self.uri))
        self.assertEqual(report.get("Message-ID"), ident)
        self.assertEqual(report.get("Byte-Range"), "1-%d/%d" % (size, size))
        self.assertRegex(report.get("Status"), r"^000 200\b")
        self.assertIsNone(report.get("Success-Report"))
        self.assertEqual(report.flag, "$")
        await alice.say("none asked for")
        await self.heard(bob, "none asked for")
        self.assertEqual(len(msrp.reports), 1)
        for message in bob.call.heard:
            headers = dict(message.raw.headers)
            self.assertIn(headers.get("Success-Report", "no"), ("no",))

    async def test_failure_report(self):
        """MSRP-46, MSRP-45, V-CHAT-2: partial and no get no 200; no gets
        nothing at all."""
        alice, bob = await self.pair()
        msrp = alice.call.msrp
        frames = len(msrp.connection.frames)
        await msrp.send(alice.wrap("partial", self.uri), failure="partial")
        await msrp.send(alice.wrap("no", self.uri), failure="no")
        await msrp.send(b"bad", "text/plain", failure="no")
        ident = token(12)
        frame = msrp.frame("SEND", [
            ("Message-ID", ident), ("Byte-Range", "1-3/3"),
            ("Failure-Report", "partial"), ("Content-Type", "text/plain")],
            b"bad")
        future = msrp.expect(frame.tid)
        msrp.connection.write(frame.to_bytes())
        self.assertEqual((await asyncio.wait_for(future, 10)).status, 415)
        await self.heard(bob, "no")
        await self.heard(bob, "partial")
        answers = [f for f in msrp.connection.frames[frames:]
                   if f.status is not None]
        self.assertEqual([f.status for f in answers], [415])

    async def test_refusals(self):
        """CHAT-12, CHAT-31, CPIM-3, CPIM-6, CPIM-8, CPIM-15,
        MSRP-61, V-CHAT-2, V-CHAT-5, V-CPIM-3, V-CPIM-4, V-CPIM-7."""
        alice, bob = await self.pair()
        me, room = "From: <%s>\r\n" % alice.aor, "To: <%s>\r\n" % self.uri
        tail = "\r\nContent-Type: text/plain\r\n\r\nhi"
        for entity, status in (
                (cpim.build(bob.aor, self.uri, "forged"), 403),
                (cpim.build(alice.aor, "sip:zz@chat.test", "to nobody"), 404),
                (me.lower() + room + tail, 403), (room + tail, 403),
                ("From: %s\r\n" % alice.aor + room + tail, 400),
                (me + me + room + tail, 403), (me + tail, 404),
                (me + room + room + tail, 403),
                (me + room + "cc: <%s>\r\n" % bob.aor + tail, 403),
                (me + room + "\r\n\r\nhi", 400)):
            data = entity if isinstance(entity, bytes) else entity.encode()
            self.assertEqual(await self.status(alice, data), status, data)
        self.assertEqual(await self.status(alice, b"hi", "text/plain"), 415)
        r = await alice.call.msrp.request("FOO")
        self.assertEqual(r.status, 501)
        r = await alice.call.msrp.request("AUTH")
        self.assertEqual(r.status, 501)
        self.assertEqual(await alice.say("still well"), 200)
        await self.heard(bob, "still well")
        self.assertEqual(bob.call.texts(), ["still well"])

    async def test_bad_headers(self):
        """MSRP-1, MSRP-9, MSRP-10, MSRP-18, MSRP-21, MSRP-32, V-ABN-2: 400 and
        no delivery."""
        alice, bob = await self.pair()
        body = alice.wrap("not to be seen", self.uri)
        n = len(body)
        good = [("Message-ID", "m1234567"), ("Byte-Range", "1-%d/%d" % (n, n)),
                ("Content-Type", "message/cpim")]
        for headers in (
                good[1:], good[:2], [good[0], ("Byte-Range", "0-5/5"), good[2]],
                [good[0], ("Byte-Range", "1-*/99999999999999999999"), good[2]],
                [("Failure-Report", "maybe")] + good,
                [("X-Nul", "a\0b")] + good, [good[0], good[0]] + good[1:]):
            r = await alice.call.msrp.request("SEND", headers, body)
            self.assertEqual(r.status, 400, headers)
        r = await alice.call.msrp.request("send", good, body)
        self.assertEqual(r.status, 400)
        self.assertEqual(await alice.say("seen"), 200)
        await self.heard(bob, "seen")
        self.assertEqual(bob.call.texts(), ["seen"])

    async def test_private_support(self):
        """CHAT-32, SDP-16, V-CHAT-4: 428 to whom never offered it."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip("bob")
        await bob.join(self.uri, "Bob", chatroom="nickname")
        self.assertEqual(await alice.whisper(bob.aor, "psst"), 428)
        self.assertEqual(await bob.whisper(alice.aor, "psst back"), 200)
        heard = await self.heard(alice, "psst back")
        self.assertEqual(heard.to, alice.aor)

    async def test_wrapped_types(self):
        """CHAT-18, CHAT-35, SDP-7, V-CHAT-8."""
        alice, carol = await self.pair()
        bob = await self.sip("ben")
        await bob.join(self.uri, "Ben", accept="message/cpim",
                       wrapped="text/plain")
        entity = alice.wrap(b"\x89PNG", self.uri, "image/png")
        self.assertEqual(await self.status(alice, entity), 200)
        await until(lambda: carol.call.heard, 10, "the picture")
        self.assertEqual(carol.call.heard[0].cpim.content, b"\x89PNG")
        private = alice.wrap(b"\x89PNG", bob.aor, "image/png")
        self.assertEqual(await self.status(alice, private), 415)
        self.assertEqual(await alice.say("text"), 200)
        await self.heard(bob, "text")
        self.assertEqual([h.ctype for h in bob.call.heard
                          if h.sender == alice.aor],
                         ["text/plain;charset=utf-8"])

    async def test_nicknames(self):
        """CHAT-40, CHAT-42, CHAT-43, CHAT-44, CHAT-45, MSRP-49, V-CHAT-6,
        V-CHAT-7."""
        alice, bob = await self.pair()
        for value, status in (('"Ann"', 200), ('""', 200), ('"  "', 424),
                              ("Ben Z", 200), ('"broken', 424),
                              ('"%s"' % ("a" * 1024), 424), ('"Bob"', 425),
                              ('" BOB "', 425), ('"a\\"b\\\\c"', 200)):
            r = await alice.call.msrp.request("NICKNAME",
                                              [("Use-Nickname", value)])
            self.assertEqual(r.status, status, value)
        r = await alice.call.msrp.request("NICKNAME")
        self.assertEqual(r.status, 424)
        await until(lambda: 'a"b\\c' in bob.roster.names(), 10,
                    lambda: "the nickname in %s" % bob.roster.names())
        self.assertEqual(await alice.nick(""), 200)
        await until(lambda: bob.roster.users[alice.aor].nickname is None, 10,
                    "the nickname gone")

    async def test_too_big(self):
        """ABN-7, MSRP-57: 413 on the first chunk that tells."""
        alice, bob = await self.pair()
        limit = int(alice.call.answer.chat.get("max-size") or 0)
        self.assertGreater(limit, 0, "no max-size in the answer")
        r = await alice.call.msrp.request("SEND", [
            ("Message-ID", token(12)), ("Byte-Range", "1-*/%d" % (limit + 1)),
            ("Content-Type", "message/cpim")],
            alice.wrap("big", self.uri), "+")
        self.assertEqual(r.status, 413)
        self.assertEqual(await alice.say("small"), 200)
        await self.heard(bob, "small")

    async def test_second_connection(self):
        """MSRP-66, MSRP-67, ABN-4, V-MSRP-12, V-MSRP-7."""
        alice, bob = await self.pair()
        msrp = alice.call.msrp
        thief = MsrpSession(msrp.local_path, alice.violations, "thief")
        thief.remote_path = msrp.remote_path
        thief.connection = Connection(
            *await alice.open_msrp(msrp.remote_path), thief)
        self.assertEqual((await thief.bind()).status, 506)
        self.assertEqual(await alice.say("mine still"), 200)
        await self.heard(bob, "mine still")
        head, sep, tail = msrp.remote_path.rpartition("/")
        stranger = MsrpSession(msrp.local_path, alice.violations, "stranger")
        stranger.remote_path = head + "/" + "nosuchsession00000000;tcp"
        stranger.connection = Connection(
            *await alice.open_msrp(msrp.remote_path), stranger)
        self.assertEqual((await stranger.bind()).status, 481)
        await stranger.send(b"x", failure="no")
        self.assertEqual((await stranger.bind()).status, 481)
        thief.connection.close()
        stranger.connection.close()

    async def test_duplicate(self):
        """MSRP-39: the same Message-ID again is acknowledged, not repeated."""
        alice, bob = await self.pair()
        ident = token(12)
        self.assertEqual(await alice.say("once", ident=ident), 200)
        self.assertEqual(await alice.say("once", ident=ident), 200)
        self.assertEqual(await alice.say("then"), 200)
        await self.heard(bob, "then")
        self.assertEqual(bob.call.texts(), ["once", "then"])

    async def test_keepalive(self):
        """MSRP-73: a bodiless SEND is answered and not distributed."""
        alice, bob = await self.pair()
        self.assertEqual((await alice.call.msrp.bind()).status, 200)
        r = await alice.call.msrp.request("SEND", [("Keep-Alive", "yes")])
        self.assertEqual(r.status, 200)
        self.assertEqual(await alice.say("x"), 200)
        await self.heard(bob, "x")
        self.assertEqual(len(bob.call.heard), 1)

    async def test_hostile_octets(self):
        """ABN-5, ABN-6, MSRP-1, MSRP-3, V-ABN-1: closed
        without a word, or 400 and closed; nobody else notices."""
        alice, bob = await self.pair()
        path = alice.call.msrp.remote_path
        head = "To-Path: %s\r\nFrom-Path: msrp://127.0.0.1:9/x;tcp\r\n" % path
        for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(600),
                     b"MSRP \xff\xfe SEND\r\n",
                     b"msrp abcd1234 SEND\r\n" + head.encode(),
                     b"MSRP " + b"a" * 70 + b" SEND\r\n",
                     b"MSRP a" + b"b" * 300):
            reader, writer = await alice.open_msrp(path)
            writer.write(junk)
            await writer.drain()
            self.assertEqual(await closed(reader), b"", junk[:40])
            writer.close()
        reader, writer = await alice.open_msrp(path)
        writer.write(b"MSRP abcd1234 SEND\r\n" + head.encode() +
                     b"X-Long: " + b"z" * 9000 + b"\r\n-------abcd1234$\r\n")
        data = await closed(reader)
        self.assertEqual([f.status for f in Framer().feed(data)][:1], [400])
        writer.close()
        self.assertEqual(await alice.say("calm"), 200)
        await self.heard(bob, "calm")

    async def test_silent_tls_peer(self):
        """ABN-5: octets that are no TLS on the TLS port."""
        reader, writer = await asyncio.open_connection("127.0.0.1",
                                                       self.stoxd.msrps)
        writer.write(b"MSRP abcd1234 SEND\r\n\r\n" * 5)
        data = await closed(reader)
        self.assertNotIn(b"MSRP", data)
        writer.close()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.stoxd.msrps, ssl=context)
        writer.close()

    async def test_slow_reader(self):
        """ABN-11: who stops reading does not hold up the others."""
        alice, bob = await self.pair()
        carol = await self.sip_in("carol", "Carol")
        carol.call.msrp.connection.paused.clear()
        block = "z" * 30000
        for i in range(60):
            self.assertEqual(await alice.say("%d %s" % (i, block)), 200)
        await until(lambda: len(bob.call.chat) == 60, 20, "all at Bob")
        self.assertEqual([int(t.split()[0]) for t in bob.call.texts()],
                         list(range(60)))
        carol.call.msrp.connection.paused.set()

    async def test_same_user_twice(self):
        """CHAT-4, CHAT-10: the second device gets what the first one says."""
        alice, bob = await self.pair()
        other = await self.sip("alice")
        await other.join(self.uri)
        self.assertEqual(await alice.say("from one"), 200)
        await self.heard(other, "from one")
        await self.heard(bob, "from one")
        self.assertEqual(await other.say("from two"), 200)
        await self.heard(alice, "from two")
        await until(lambda: len(bob.roster.users[alice.aor].endpoints) == 2, 10,
                    "two endpoints")
        self.assertEqual(len(bob.roster.users), 2)
        await other.leave()
        await until(lambda: len(bob.roster.users[alice.aor].endpoints) == 1, 10,
                    "one endpoint")


if __name__ == "__main__":
    main()
