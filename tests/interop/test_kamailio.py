"""The SIP users behind Kamailio, which stays in the route."""

from bed import Kamailio, XmppBed, main, until
from sipmsrp import Refused


class BehindKamailio:
    """`kind` is the transport between user and proxy and between proxy and
    stoxd."""

    kind = "tcp"

    @classmethod
    def set_up_servers(cls):
        cls.need(Kamailio)
        super().set_up_servers()
        cls.kamailio = cls.start(Kamailio(cls.folder, cls.stoxd.sip, cls.kind))
        cls.proxy = (cls.kind, "127.0.0.1", cls.kamailio.port)

    async def test_chat(self):
        """SIP-1, SIP-2, X2S-36, X2S-44: join, talk both ways, BYE both ways."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        self.assertTrue(alice.call.dialog.routes, "no Record-Route")
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        romeo.say(self.room, "through the proxy")
        await self.heard(alice, "through the proxy")
        await self.heard(bob, "through the proxy")
        self.assertEqual(await alice.say("and back"), 200)
        await self.read(romeo, "and back")
        await self.heard(bob, "and back")
        r = await alice.reinvite()
        self.assertEqual((r.status, r.body), (200, alice.call.response.body))
        self.assertEqual((await alice.leave()).status, 200)
        await self.agree(["Romeo", "Bob"], [romeo], [bob])
        bob.call.msrp.connection.abort()
        await until(lambda: bob.call.ended, 25, "BYE from stoxd")
        await until(lambda: romeo.names(self.room) == ["Romeo"], 10, "alone")

    async def test_subscription(self):
        """EVENT-5, EVENT-8, V-EVENT-5: out of dialog and in dialog."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip("bob")
        call = await bob.join(self.uri, "Bob", subscribe=False)
        inside = await bob.subscribe(call=call)
        await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10, "both")
        await until(lambda: inside.conference.names() == ["Alice", "Bob"], 10,
                    "both in dialog")
        subscription = alice.subscriptions[self.uri]
        self.assertEqual((await alice.refresh(subscription, 0)).status, 200)
        await until(lambda: subscription.state.startswith("terminated"), 10,
                    "the last NOTIFY")

    async def test_sip_process_dies(self):
        """SEED0-1, SEED0-3: the route set survives kill -9."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.kill_sip()
        self.assertEqual(await alice.say("no matter"), 200)
        await self.heard(bob, "no matter")
        r = await alice.reinvite()
        self.assertEqual((r.status, r.body), (200, alice.call.response.body))
        self.assertEqual((await alice.leave()).status, 200)
        await until(lambda: bob.roster.names() == ["Bob"], 20, "Bob alone")
        bob.call.msrp.connection.abort()
        await until(lambda: bob.call.ended, 25, "BYE from stoxd")

    async def test_refusals(self):
        """SDP-5, FOCUS-2."""
        alice = await self.sip("alice")
        for uri, kw, status in ((self.uri, {"accept": "text/plain"}, 488),
                                ("sip:x@closed.test", {}, 404),
                                ("sip:x@foreign.test", {}, 404)):
            with self.assertRaises(Refused) as r:
                await alice.invite(uri, **kw)
            self.assertEqual(r.exception.status, status)


    def proxy_connections(self):
        """The ports by which TCP peers are connected to stoxd's SIP port."""
        listening, there = ":%04X" % self.stoxd.sip, set()
        with open("/proc/net/tcp", encoding="ascii") as f:
            for line in f:
                _, local, remote, state = line.split()[:4]
                if local.endswith(listening) and state == "01":
                    there.add(remote)
        return there

    async def test_unreadable_headers(self):
        """SIP-3: one user of the proxy gets 400 for what can't be read, all
        others notice nothing; the proxy's connections stay."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        mallory = await self.sip("mallory")
        before = self.proxy_connections()
        if self.kind == "tcp":
            self.assertTrue(before, "the proxy keeps no connection")
        contact = "<%s>" % mallory.contact
        for bad, answer in (
                ([("Contact", '"x <sip:m@127.0.0.1>')], "Bad Contact"),
                ([("Contact", contact), ("Session-Expires", "soon")],
                 "Bad Session-Expires"),
                ([("Contact", contact), ("Content-Type", "///")],
                 "Bad Content-Type"),
                ([("Contact", contact), ("Refer-To", "<")], "Bad Refer-To"),
                ([("Contact", contact), ("Event", "//")], "Bad Event"),
                ([("Contact", contact), ("Subject", "a\0b")], "Bad Octet"),
                ([("Contact", contact), ("Subject", "a\r\rBYE sip:x")],
                 "Bad Octet")):
            invite = mallory.make("INVITE", self.uri, mallory.from_header,
                                  headers=bad)
            r = await mallory.request(invite, self.proxy)
            self.assertEqual(r.status, 400, bad)
            self.assertIn(answer, r.start)
        self.assertEqual(self.proxy_connections(), before)
        self.assertEqual(await alice.say("still here"), 200)
        await self.heard(bob, "still here")
        r = await bob.reinvite()
        self.assertEqual((r.status, r.body), (200, bob.call.response.body))


class KamailioTcp(BehindKamailio, XmppBed):
    kind = "tcp"


class KamailioUdp(BehindKamailio, XmppBed):
    kind = "udp"


if __name__ == "__main__":
    main()
