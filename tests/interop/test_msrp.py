"""The MSRP side of a room, without an XMPP server."""

import asyncio
import resource
import ssl

import cpim
from bed import Bed, main, until
from msrp import Connection, Framer, MsrpSession
from sipmsg import token
from sipmsrp import Refused


async def closed(reader, timeout=20):
    """What the peer still sends before it closes, by FIN or RST."""
    data = bytearray()
    try:
        while part := await asyncio.wait_for(reader.read(4096), timeout):
            data += part
    except ConnectionResetError:
        pass
    return bytes(data)


class Switch(Bed):

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
            self.assertEqual((await asyncio.wait_for(future, 20)).status, 200)
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
        self.assertEqual((await asyncio.wait_for(future, 20)).status, 415)
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

    async def test_no_descriptors(self):
        """ABN-15: an INVITE gets 503, the rooms go on."""
        alice, bob = await self.pair()
        carol = await self.sip("carol")
        pid = self.stoxd.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, hard))
        try:
            with self.assertRaises(Refused) as refused:
                await carol.join(self.uri, "Carol")
            self.assertEqual(refused.exception.status, 503)
            self.assertIsNotNone(refused.exception.response.get("retry-after"))
            self.assertEqual(await alice.say("we go on"), 200)
            await self.heard(bob, "we go on")
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        await carol.join(self.uri, "Carol")
        self.assertEqual(await carol.say("at last"), 200)
        await self.heard(bob, "at last")

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
