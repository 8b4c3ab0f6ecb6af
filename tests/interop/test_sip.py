"""Details and refusals on the SIP side, without an XMPP server."""

import asyncio

import sdp
from bed import Bed, Stoxd, main, until
from sipmsrp import CONFINFO, Refused, contact_params


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
        await until(lambda: alice.log, 10, "the INVITE to leave")
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
            answers.append(await asyncio.wait_for(queue.get(), 20))
        self.assertEqual(answers[0].get("to"), answers[1].get("to"))
        bye = call.dialog.make("BYE")
        first = await alice.request(bye, alice.proxy)
        queue = asyncio.Queue()
        alice.clients[(bye.branch, "BYE")] = queue
        await alice.send(bye, alice.proxy)
        again = await asyncio.wait_for(queue.get(), 20)
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

    async def test_bad_uri(self):
        """ADDR-5: 400, and whoever shares the connection is served on."""
        alice = await self.sip("alice")
        for uri in ("sip:a%zz@chat.test", "sip:%@chat.test", "sip:x@[::1"):
            message = alice.make("OPTIONS", uri, alice.from_header,
                                 to="<%s>" % self.uri)
            answer = await alice.request(message, alice.proxy)
            self.assertEqual(answer.status, 400, uri)
        self.assertEqual((await alice.options(self.uri)).status, 200)


class Advertised(Bed):
    @classmethod
    def set_up_servers(cls):
        cls.stoxd = Stoxd(cls.folder)
        with open(cls.stoxd.config) as f:
            text = f.read()
        with open(cls.stoxd.config, "w") as f:
            f.write(text.replace('host = "127.0.0.1"', 'host = "gw.test"', 1))
        cls.start(cls.stoxd)

    async def test_host(self):
        """SIP-1: behind a NAT our Via has the name given for it; responses
        come back all the same."""
        port = self.stoxd.sip
        for transport in ("tcp", "udp"):
            alice = await self.sip_in("alice", "Alice", transport=transport,
                                      proxy=(transport, "127.0.0.1", port))
            bob = await self.sip_in("bob", "Bob")
            await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10,
                        "both")
            await bob.leave()
            await until(lambda: alice.roster.names() == ["Alice"], 10, "one")
            notify = next(m for way, m in alice.log if way == "in" and
                          m.method == "NOTIFY")
            self.assertRegex(notify.get("via"),
                             r"^SIP/2\.0/(TCP|UDP) gw\.test:%d;" % port)
            await alice.leave()


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
        self.assertEqual(r.exception.status, 401)
        with self.assertRaises(Refused) as r:
            await alice.subscribe(self.uri)
        self.assertEqual(r.exception.status, 401)


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


if __name__ == "__main__":
    main()
