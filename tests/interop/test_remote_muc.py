"""What SIP users do in the rooms of Prosody and of ejabberd besides talking:
making rooms, moderating, inviting."""

import asyncio

import cpim
from bed import Ejabberd, Prosody, main, until
from bridges import MUC, MucBed, MucBridge
from servers import free_port
from sipmsrp import Refused, SipUser
from sipstack import Dialog
from xmppuser import CLIENT, USER

ADMIN, OWNER = USER[1:-6] + "#admin", USER[1:-6] + "#owner"


class Deeds:
    async def three(self):
        """Romeo, who made the room, Alice and Bob."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        return romeo, alice, bob

    async def role(self, owner, nick, role):
        answer = await owner.iq(
            "set", self.room, "<query xmlns='%s'><item nick='%s' role='%s'/>"
            "</query>" % (ADMIN, nick, role))
        self.assertEqual(answer.get("type"), "result")

    async def configure(self, owner, **fields):
        values = "".join(
            "<field var='muc#roomconfig_%s'><value>%s</value></field>" % f
            for f in fields.items())
        answer = await owner.iq(
            "set", self.room, "<query xmlns='%s'><x xmlns='jabber:x:data' "
            "type='submit'><field var='FORM_TYPE'><value>%s#roomconfig"
            "</value></field>%s</x></query>" % (OWNER, USER[1:-6], values))
        self.assertEqual(answer.get("type"), "result")

    async def refer(self, user, to, *more):
        return await user.call.dialog.request("REFER", [
            ("Contact", "<%s>" % user.contact), ("Refer-To", "<%s>" % to),
            *more])

    async def test_create(self):
        """S2X-10: the first to come makes the room, and it is open."""
        # a room whose only occupant changes his nickname is gone in Prosody
        # 0.12, whoever he is
        alice = await self.sip_in("alice")
        romeo = await self.xmpp_in("romeo", "Romeo")
        await self.agree(["Romeo", "alice"], [romeo], [alice])
        self.assertEqual(await alice.say("come in"), 200)
        await self.read(romeo, "come in")

    async def test_names_of_today(self):
        """S2X-6, S2X-18: these servers take no emoji in a JID. A display name
        with some keeps nobody out; who asks for one hears 424."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", display="Zo\u00eb \U0001f600")
        bob = await self.sip_in("bob", display="\U0001f600")
        await self.agree(["Romeo", "Zo\u00eb", "bob"], [romeo], [alice, bob])
        self.assertEqual(await alice.nick("\U0001f600"), 424)
        self.assertEqual(await bob.nick("Zo\u00eb"), 425)
        self.assertEqual(await bob.nick("Bob"), 200)
        await self.agree(["Romeo", "Zo\u00eb", "Bob"], [romeo], [alice, bob])
        self.assertEqual(await alice.say("by any other name"), 200)
        seen = await self.read(romeo, "by any other name")
        self.assertEqual(seen.get("from"), self.room + "/Zo\u00eb")

    async def test_repeats(self):
        """REFL-1, REFL-6, S2X-27, S2X-28: equal texts of three people, each as
        often as it was said."""
        romeo, alice, bob = await self.three()

        async def chatter(user, times):
            for i in range(times):
                self.assertEqual(await user.say("ok"), 200)
        for i in range(3):
            romeo.say(self.room, "ok")
        await asyncio.gather(chatter(alice, 10), chatter(bob, 7))
        self.assertEqual(await alice.say("that is all"), 200)
        for user in (bob, ):
            await self.heard(user, "that is all")
        await self.read(romeo, "that is all")
        self.assertEqual(romeo.texts(self.room).count("ok"), 20)
        self.assertEqual(bob.call.texts().count("ok"), 13)
        await until(lambda: alice.call.texts().count("ok") == 10, 10, "all")
        senders = [h.sender for h in alice.call.chat]
        self.assertEqual(senders.count(self.uri + ";gr=Alice"), 0)

    async def test_moderator(self):
        """S2X-41: a SIP user who is made a moderator removes another."""
        romeo, alice, bob = await self.three()
        r = await self.refer(alice, self.uri + ";gr=Bob;method=BYE")
        self.assertEqual(r.status, 403)
        await self.role(romeo, "Alice", "moderator")
        await until(lambda: "moderator" in
                    alice.roster.by_name("Alice").roles, 10, "her role")
        r = await self.refer(alice, self.uri + ";gr=Bob;method=BYE")
        self.assertEqual(r.status, 200)
        await until(lambda: bob.call.ended, 10, "the BYE")
        self.assertIn("cause=403", bob.call.ended.get("reason"))
        await self.agree(["Romeo", "Alice"], [romeo], [alice])

    async def test_voice(self):
        """S2X-44: who may not speak hears 403."""
        romeo, alice, bob = await self.three()
        await self.configure(romeo, moderatedroom=1)
        await self.role(romeo, "Alice", "visitor")
        await until(lambda: "observer" in
                    alice.roster.by_name("Alice").roles, 10, "her role")
        self.assertEqual(await alice.say("mute"), 403)
        await self.role(romeo, "Alice", "participant")
        await until(lambda: "participant" in
                    alice.roster.by_name("Alice").roles, 10, "her role")
        self.assertEqual(await alice.say("free"), 200)
        await self.read(romeo, "free")
        self.assertNotIn("mute", romeo.texts(self.room))

    async def test_subject(self):
        """S2X-37: a CPIM Subject with an empty body sets the room's; who may
        not hears 403."""
        romeo, alice, bob = await self.three()
        await self.configure(romeo, changesubject=0)
        wish = cpim.build(alice.aor, self.uri, "", headers=[
            ("Subject", "Swords")])
        self.assertEqual((await alice.call.msrp.send(wish)).status, 403)
        await self.configure(romeo, changesubject=1)
        self.assertEqual((await alice.call.msrp.send(wish)).status, 200)
        await until(lambda: bob.roster.subject == "Swords", 10, "the subject")
        await until(lambda: any(m.findtext(CLIENT + "subject") == "Swords"
                                for m in romeo.messages(self.room)), 10,
                    "the subject")

    async def test_password(self):
        """S2X-4, S2X-11: nobody comes in without the password."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        await self.configure(romeo, passwordprotectedroom=1, roomsecret="pw")
        alice = await self.sip("alice")
        with self.assertRaises(Refused) as r:
            await alice.invite(self.uri)
        self.assertEqual(r.exception.status, 403)
        self.assertEqual(romeo.names(self.room), ["Romeo"])

    async def test_invite(self):
        """S2X-39, S2X-40, S2X-42: the room invites Juliet for Alice, and Alice
        hears that she does not come."""
        romeo, alice, bob = await self.three()
        await self.configure(romeo, **self.invites)
        juliet = await self.xmpp("juliet")
        await juliet.ping("x.test")
        r = await self.refer(alice, "xmpp:juliet@x.test",
                             ("Subject", "by the balcony"))
        self.assertEqual(r.status, 200)

        def invited():
            for m in juliet.messages():
                e = m.find("%sx/%sinvite" % (USER, USER))
                if e is not None:
                    return e
            return None
        invite = await until(invited, 10, "the invitation")
        self.assertEqual(invite.findtext(USER + "reason"), "by the balcony")
        juliet.send_message(
            self.room, "<x xmlns='%s'><decline to='%s'><reason>late</reason>"
            "</decline></x>" % (USER[1:-1], invite.get("from")), "normal")
        await until(lambda: any(
            "juliet@x.test has declined your invitation: late" in h.text
            for h in alice.call.heard), 10, "the notice")


class ProsodyDeeds(Deeds, MucBed):
    server_class = Prosody
    invites = {}


class EjabberdDeeds(Deeds, MucBed):
    server_class = Ejabberd
    invites = {"allowinvites": 1}   # else only admins may


class Phone(SipUser):
    """Takes a REFER with 202; its user declines a moment later, by the
    subscription that the REFER has made (RFC 3515 \u00a72.4.4)."""

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.on_request = self.referred
        self.notified = []

    def referred(self, refer):
        response = self.reply(refer, 202, "Accepted",
                              [("Contact", "<%s>" % self.contact)])
        dialog = Dialog(self, refer.call_id, response.get("to"),
                        refer.get("from"), self.proxy)
        dialog.refresh(refer)
        dialog.confirmed = True
        self.spawn(self.tell(dialog))
        return response

    async def tell(self, dialog):
        for state, line in (("active;expires=60", "100 Trying"),
                            ("terminated;reason=noresource", "603 Decline")):
            response = await dialog.request("NOTIFY", [
                ("Contact", "<%s>" % self.contact), ("Event", "refer"),
                ("Subscription-State", state),
                ("Content-Type", "message/sipfrag;version=2.0")],
                "SIP/2.0 %s\r\n" % line)
            self.notified.append(response.status)


class Invited(MucBed):
    """Carl's telephone is where the route of the rooms' domain leads."""

    @classmethod
    def set_up_servers(cls):
        cls.port = free_port()

        class Bridge(MucBridge):
            DOMAINS = {**MucBridge.DOMAINS, MUC: MucBridge.DOMAINS[MUC] +
                       '\n route = "sip:127.0.0.1:%d;transport=tcp"' % cls.port}
        cls.stoxd_class = Bridge
        super().set_up_servers()

    async def test_later_no(self):
        """S2X-43: the room's invitation is a REFER; the no comes by NOTIFY."""
        carl = Phone("carl", proxy=self.stoxd.proxy)
        carl.fixed_port = self.port
        await carl.start()
        self.sip_users.append(carl)
        romeo = await self.xmpp_in("romeo", "Romeo")
        romeo.send_message(
            self.room, "<x xmlns='%s'><invite to='carl@sip.test'><reason>tea"
            "</reason></invite></x>" % USER[1:-1], "normal")

        def declined():
            return [e for m in romeo.messages() for e in [
                m.find("%sx/%sdecline" % (USER, USER))] if e is not None]
        await until(declined, 10, "the decline")
        self.assertEqual([e.get("from") for e in declined()],
                         ["carl@sip.test"])
        await until(lambda: len(carl.notified) == 2, 10, "both answers")
        self.assertEqual(carl.notified, [200, 200])


if __name__ == "__main__":
    main()
