"""Calls that move to another device, REFER for several people, and dial-out
through a real proxy."""

from bed import Bed, Kamailio, Stoxd, main, until
from sipmsrp import Refused
from test_refer import Callee

DOMAIN = 'rooms = local\n notify-interval = 0\n factory = "conference"'
TARGETS = """<?xml version="1.0" encoding="UTF-8"?>
<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"
 xmlns:cp="urn:ietf:params:xml:ns:copycontrol"><list>%s</list></resource-lists>
"""


class Moving(Bed):
    @classmethod
    def set_up_servers(cls):
        cls.stoxd = cls.start(Stoxd(cls.folder, domains={"chat.test": DOMAIN}))

    async def callee(self, name, **kw):
        user = Callee(name, proxy=getattr(self, "proxy", self.stoxd.proxy),
                      **kw)
        await user.start()
        self.sip_users.append(user)
        return user

    @staticmethod
    def replaces(call, flag=""):
        d = call.dialog
        return ("Replaces", "%s;to-tag=%s;from-tag=%s%s" % (
            d.call_id, d.remote_tag, d.local_tag, flag))

    async def refused(self, user, *headers):
        with self.assertRaises(Refused) as r:
            await user.invite(self.uri, headers=headers)
        return r.exception.status

    async def refer_list(self, user, uris):
        entries = "".join('<entry uri="%s" cp:copyControl="to"/>' % u
                          for u in uris)
        return await user.call.dialog.request("REFER", [
            ("Contact", "<%s>" % user.contact),
            ("Refer-To", "<cid:list1@test>"), ("Refer-Sub", "false"),
            ("Require", "multiple-refer, norefersub"),
            ("Content-Type", "application/resource-lists+xml"),
            ("Content-Disposition", "recipient-list"),
            ("Content-ID", "<list1@test>")], TARGETS % entries)


class Devices(Moving):
    async def test_move(self):
        """FOCUS-6: from one device to another, on the wire; the roster keeps
        the user, the old device gets its BYE."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Alice", "Bob"], sip=[alice, bob])
        old = alice.call
        laptop = await self.sip("alice")
        await laptop.invite(self.uri, headers=[self.replaces(old),
                                               ("Require", "replaces")])
        await laptop.connect_msrp(laptop.call.msrp)
        await until(lambda: old.ended, 10, "BYE of the old call")
        self.assertEqual(await laptop.say("from the laptop"), 200)
        await self.heard(bob, "from the laptop")
        await self.agree(["Alice", "Bob"], sip=[bob])
        bobs = bob.roster.by_name("Bob")
        self.assertEqual(len(bobs.endpoints), 1)
        self.assertEqual(await self.refused(laptop, self.replaces(old)), 603)

    async def test_refused(self):
        """FOCUS-6: not by others, not early-only, not for an unknown call, not
        two; the call is untouched. SIP-5, V-FOCUS-5."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        call = alice.call
        self.assertIn("replaces", call.response.get("supported"))
        self.assertIn("multiple-refer", call.response.get("supported"))
        eve, again = await self.sip("eve"), await self.sip("alice")
        self.assertEqual(await self.refused(eve, self.replaces(call)), 403)
        self.assertEqual(await self.refused(
            again, self.replaces(call, ";early-only")), 486)
        self.assertEqual(await self.refused(
            again, ("Replaces", "nobody;to-tag=a;from-tag=b")), 481)
        self.assertEqual(await self.refused(
            again, self.replaces(call), self.replaces(call)), 400)
        self.assertEqual(await self.refused(
            again, ("Join", self.replaces(call)[1]), ("Require", "join")), 420)
        self.assertIsNone(call.ended)
        self.assertEqual(await alice.say("still here"), 200)
        await self.heard(bob, "still here")

    async def test_many_at_once(self):
        """FOCUS-29: one REFER invites two and removes them again; the cid must
        be there."""
        alice = await self.sip_in("alice", "Alice")
        bob, carol = await self.callee("bob"), await self.callee("carol")
        r = await self.refer_list(alice, [bob.contact, carol.contact])
        self.assertEqual((r.status, r.get("refer-sub")), (200, "false"))
        for user in (bob, carol):
            await until(lambda: user.call, 10, "a call to " + user.name)
            self.assertIn("recipient-list-history", str(user.invited))
            await user.connect_msrp(user.call.msrp)
        await until(lambda: alice.roster.user_count == 3, 10, "three")
        endpoint = next(iter(
            alice.roster.users[bob.aor].endpoints.values()))
        self.assertEqual(endpoint["joining-method"], "dialed-out")
        r = await self.refer_list(alice, [bob.aor + "?method=BYE",
                                          carol.aor + "?method=BYE"])
        self.assertEqual(r.status, 200)
        for user in (bob, carol):
            await until(lambda: user.call.ended, 10, "BYE of " + user.name)
        await until(lambda: alice.roster.names() == ["Alice"], 10, "alone")
        r = await alice.call.dialog.request("REFER", [
            ("Contact", "<%s>" % alice.contact),
            ("Refer-To", "<cid:other@test>")])
        self.assertEqual(r.status, 400)

    async def test_ringing_elsewhere(self):
        """FOCUS-6: who is being called comes from another device: the call to
        the first is cancelled. EVENT-21."""
        alice = await self.sip_in("alice", "Alice")
        phone = await self.callee("bob")
        phone.rings_only = True
        r = await alice.call.dialog.request("REFER", [
            ("Contact", "<%s>" % alice.contact),
            ("Refer-To", "<%s>" % phone.contact), ("Refer-Sub", "false")])
        self.assertEqual(r.status, 200)
        await until(lambda: phone.invited, 10, "the INVITE")
        await until(lambda: any(
            e["status"] == "alerting" for u in alice.roster.users.values()
            for e in u.endpoints.values()), 10, "alerting in the roster")
        invite = phone.invited
        laptop = await self.sip("bob")
        laptop.aor = phone.aor
        await laptop.invite(self.uri, headers=[(
            "Replaces", "%s;to-tag=%s;from-tag=%s;early-only" % (
                invite.call_id, invite.from_.tag, "ringing"))])
        await laptop.connect_msrp(laptop.call.msrp)
        await until(lambda: phone.cancelled, 10, "CANCEL")
        await until(lambda: alice.roster.user_count == 2, 10, "both in")
        self.assertEqual(await laptop.say("here"), 200)
        await self.heard(alice, "here")


class BehindKamailio(Moving):
    """The domain's route is Kamailio: calls of the focus go through it, and
    everything later in their dialogs, too."""

    @classmethod
    def set_up_servers(cls):
        cls.need(Kamailio)
        cls.stoxd = Stoxd(cls.folder, name="stoxd", domains={
            "chat.test": DOMAIN})
        cls.kamailio = cls.start(Kamailio(cls.folder, cls.stoxd.sip, "tcp"))
        with open(cls.stoxd.config) as f:
            text = f.read()
        with open(cls.stoxd.config, "w") as f:
            f.write(text.replace(DOMAIN, DOMAIN +
                    '\n route = "sip:127.0.0.1:%d;transport=tcp"'
                    % cls.kamailio.port))
        cls.start(cls.stoxd)
        cls.proxy = ("tcp", "127.0.0.1", cls.kamailio.port)

    async def test_dial_out(self):
        """FOCUS-21, FOCUS-50, SIP-2: the INVITE comes through the proxy and
        names who we are; he talks; removing him goes the same way."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.callee("bob", transport="tcp")
        r = await self.refer_list(alice, [bob.contact])
        self.assertEqual(r.status, 200)
        await until(lambda: bob.call, 10, "a call to Bob")
        self.assertTrue(bob.invited.values("record-route"), "not by the proxy")
        self.assertIn(self.uri, bob.invited.get("p-asserted-identity"))
        await bob.connect_msrp(bob.call.msrp)
        self.assertEqual(await bob.say("called", bob.call.room), 200)
        await self.heard(alice, "called")
        r = await self.refer_list(alice, [bob.aor + "?method=BYE"])
        self.assertEqual(r.status, 200)
        await until(lambda: bob.call.ended, 10, "Bob's BYE")

    async def test_move(self):
        """FOCUS-6: likewise through a proxy."""
        alice = await self.sip_in("alice", "Alice")
        old = alice.call
        laptop = await self.sip("alice")
        await laptop.invite(self.uri, headers=[self.replaces(old)])
        await laptop.connect_msrp(laptop.call.msrp)
        await until(lambda: old.ended, 10, "BYE of the old call")
        self.assertEqual(await laptop.say("moved"), 200)


if __name__ == "__main__":
    main()
