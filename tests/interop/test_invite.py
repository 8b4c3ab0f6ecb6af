"""Invitations and queries between users, through real XMPP servers."""

import asyncio

from bed import Ejabberd, Prosody, Stoxd, XmppBed, main, until
from test_refer import Callee
from xmppuser import CLIENT, USER, error_of, show

VCARD = "{vcard-temp}"
VERSION = "{jabber:iq:version}query"


class Inviting:
    DOMAINS = dict(Stoxd.DOMAINS, **{"ua.test": "users = foreign"})

    @classmethod
    def set_up_servers(cls):
        cls.need(cls.server_class)
        cls.server = cls.start(cls.server_class(
            cls.folder, ("romeo", "juliet"), Stoxd.SECRETS))
        secrets = Stoxd.SECRETS
        Stoxd.SECRETS = dict(secrets, **{"ua.test": ""})
        try:
            cls.stoxd = cls.start(Stoxd(cls.folder, cls.server.component,
                                        domains=cls.DOMAINS))
        finally:
            Stoxd.SECRETS = secrets
        asyncio.run(cls.wait_component())

    def invite(self, user, to, reason=""):
        return user.send_message(
            self.room, "<x xmlns='%s'><invite to='%s'><reason>%s</reason>"
            "</invite></x>" % (USER[1:-1], to, reason), "normal")

    async def got(self, user, name):
        """The next invitation or decline, with its stanza."""
        def find():
            for m in user.messages(self.room, "normal"):
                e = m.find("%sx/%s%s" % (USER, USER, name))
                if e is not None:
                    return m, e
            return None
        return await until(find, 10, "%s at %s" % (name, user.name))

    async def available(self, name):
        """Her server knows that she is there."""
        user = await self.xmpp(name)
        await user.ping("x.test")
        return user

    async def callee(self, name):
        user = Callee(name, proxy=self.stoxd.proxy, transport="udp")
        await user.start()
        self.sip_users.append(user)
        user.jid = "%s\\40127.0.0.1\\3a%d@ua.test" % (name, user.port)
        return user

    async def test_xmpp_to_xmpp(self):
        """X2S-53, X2S-56: an invitation and its decline."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.available("juliet")
        self.invite(romeo, "juliet@x.test", "by the balcony")
        message, invite = await self.got(juliet, "invite")
        self.assertEqual(invite.get("from"), self.room + "/Romeo")
        self.assertEqual(invite.findtext(USER + "reason"), "by the balcony")
        self.assertNotIn("romeo@", show(message))
        juliet.send_message(
            self.room, "<x xmlns='%s'><decline to='%s'><reason>late</reason>"
            "</decline></x>" % (USER[1:-1], invite.get("from")), "normal")
        _, decline = await self.got(romeo, "decline")
        self.assertEqual(decline.get("from").split("/")[0], "juliet@x.test")
        self.assertEqual(decline.findtext(USER + "reason"), "late")

    async def test_nobody(self):
        """X2S-55: there is no such user, or he has no address."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        for to in ("nobody@x.test", self.room + "/Romeo"):
            error = await romeo.answer_to(self.invite(romeo, to))
            self.assertEqual(error_of(error), ("cancel", "item-not-found"), to)

    async def test_xmpp_to_sip(self):
        """X2S-58: the focus calls him; he comes, and they talk."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        bob = await self.callee("bob")
        self.invite(romeo, bob.jid, "come in")
        await until(lambda: bob.call, 10, "a call to Bob")
        self.assertEqual(bob.invited.get("subject"), "come in")
        self.assertEqual(bob.invited.get("referred-by"),
                         "<%s;gr=Romeo>" % self.uri)
        await bob.connect_msrp(bob.call.msrp)
        self.assertEqual(await bob.say("here", bob.call.room), 200)
        await self.read(romeo, "here")
        romeo.say(self.room, "welcome")
        await self.heard(bob, "welcome")

    async def test_sip_user_refuses(self):
        """X2S-55: his no is a decline."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        bob = await self.callee("bob")
        bob.refuse_with = 603
        self.invite(romeo, bob.jid)
        _, decline = await self.got(romeo, "decline")
        self.assertEqual(decline.get("from"), bob.jid)

    async def test_sip_to_xmpp(self):
        """X2S-53, X2S-56: REFER to xmpp: is an invitation; the decline is
        told to the SIP user."""
        alice = await self.sip_in("alice", "Alice")
        juliet = await self.available("juliet")
        r = await alice.call.dialog.request("REFER", [
            ("Contact", "<%s>" % alice.contact), ("Refer-Sub", "false"),
            ("Refer-To", "<xmpp:juliet@x.test>")])
        self.assertEqual(r.status, 200)
        _, invite = await self.got(juliet, "invite")
        self.assertEqual(invite.get("from"), self.room + "/Alice")
        juliet.send_message(
            self.room, "<x xmlns='%s'><decline to='%s'/></x>" % (
                USER[1:-1], invite.get("from")), "normal")
        await until(lambda: any("juliet@x.test has declined" in h.text
                                for h in alice.call.notices), 10, "a notice")

    async def test_queries(self):
        """IQ-4, IQ-5, IQ-7: a client's version, pictures from the server, and
        what a SIP user has instead."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        await self.sip_in("alice", "Alice")
        await until(lambda: "Alice" in romeo.names(self.room), 10)
        juliet.stream.register_plugin("xep_0092", {"software_name": "Nurse",
                                                   "version": "1"})
        answer = await romeo.iq("get", self.room + "/Juliet",
                                "<query xmlns='jabber:iq:version'/>")
        self.assertEqual(answer.get("type"), "result", show(answer))
        self.assertEqual(answer.get("from"), self.room + "/Juliet")
        self.assertEqual(answer.find(VERSION)[0].text, "Nurse")
        asked = next(s for s in juliet.stanzas if s.tag == CLIENT + "iq" and
                     s.find(VERSION) is not None)
        self.assertEqual(asked.get("from"), self.room + "/Romeo")
        answer = await romeo.ping(self.room + "/Juliet")
        self.assertEqual(answer.get("type"), "result", show(answer))
        answer = await juliet.iq("set", "juliet@x.test",
                                 "<vCard xmlns='vcard-temp'><FN>J</FN></vCard>")
        self.assertEqual(answer.get("type"), "result", show(answer))
        for nick, name in (("Juliet", "J"), ("Alice", "Alice")):
            answer = await romeo.iq("get", self.room + "/" + nick,
                                    "<vCard xmlns='vcard-temp'/>")
            self.assertEqual(answer.get("from"), self.room + "/" + nick)
            self.assertEqual(answer.findtext("%svCard/%sFN" % (VCARD, VCARD)),
                             name, show(answer))


class ProsodyInvites(Inviting, XmppBed):
    server_class = Prosody


class EjabberdInvites(Inviting, XmppBed):
    server_class = Ejabberd


if __name__ == "__main__":
    main()
