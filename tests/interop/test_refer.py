"""REFER to the focus, dial-out, the conference factory and lists of people to
invite, without an XMPP server."""

import sdp
from bed import Bed, Stoxd, main, until
from sipmsg import token
from sipmsrp import Call, SipUser
from sipstack import Dialog

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"
 xmlns:cp="urn:ietf:params:xml:ns:copycontrol"><list>
<entry uri="%s" cp:copyControl="to"/>
</list></resource-lists>
"""


def description(invite):
    """Its SDP, alone or the first part of several."""
    if invite.get("content-type").startswith("application/sdp"):
        return invite.body
    part = invite.body.split(b"\r\n\r\n", 1)[1]
    return part.split(b"\r\n\r\n--", 1)[0].split(b"\r\n--", 1)[0] + b"\r\n"


class Callee(SipUser):
    """Takes every call, or answers with `refuse_with`, or only rings."""

    refuse_with = None
    rings_only = cancelled = False
    invited = None

    async def start(self):
        await super().start()
        self.aor = "sip:%s@%s:%d" % (self.name, self.host, self.port)
        self.on_request = self.called

    def called(self, invite):
        if invite.method == "CANCEL":
            self.cancelled = True
            self.respond(self.invited, self.reply(
                self.invited, 487, "Request Terminated", tag="ringing"))
            return self.reply(invite, 200, "OK")
        self.invited = invite
        if self.rings_only:
            invite.source.send(self.reply(invite, 180, "Ringing", [
                ("Contact", "<%s>" % self.contact)], tag="ringing").to_bytes())
            return None
        if self.refuse_with:
            return self.reply(invite, self.refuse_with, "No")
        call = Call(self, invite.from_.uri)
        call.msrp = self._session()
        call.msrp.on_message = call.on_message
        call.answer = sdp.Sdp(description(invite))
        call.msrp.remote_path = call.answer.chat.get("path")
        call.offer = sdp.offer(call.msrp.local_path, 9)
        response = self.reply(invite, 200, "OK", [
            ("Contact", "<%s>" % self.contact),
            ("Content-Type", "application/sdp")], call.offer.encode())
        call.dialog = Dialog(self, invite.call_id, response.get("to"),
                             invite.get("from"), self.proxy)
        call.dialog.routes = invite.values("record-route")
        call.dialog.refresh(invite)
        call.dialog.confirmed = True
        call.dialog.on_request = call.on_request
        self.calls[call.room] = self.call = call
        return response


class Referring(Bed):
    @classmethod
    def set_up_servers(cls):
        cls.stoxd = cls.start(Stoxd(cls.folder, domains={
            "chat.test": 'rooms = local\n notify-interval = 0\n'
                         ' factory = "conference"'}))

    async def callee(self, name, **kw):
        user = Callee(name, proxy=self.stoxd.proxy, **kw)
        await user.start()
        self.sip_users.append(user)
        return user

    def fragments(self, user):
        """Collects what the NOTIFYs of his refer subscriptions say."""
        told, before = [], user.call.dialog.on_request

        def on_request(message):
            if message.method == "NOTIFY" and \
                    message.get("event").startswith("refer;id="):
                told.append((message.get("subscription-state"),
                             message.body.decode().strip()))
                return user.reply(message, 200, "OK")
            return before(message)
        user.call.dialog.on_request = on_request
        return told

    async def refer(self, user, to):
        return await user.call.dialog.request("REFER", [
            ("Contact", "<%s>" % user.contact), ("Refer-To", to)])

    async def ended(self, told):
        await until(lambda: told and told[-1][0].startswith("terminated"), 10,
                    lambda: "the end of %r" % told)
        return told[-1]

    async def invite_and_talk(self, transport):
        alice = await self.sip_in("alice", "Alice")
        bob = await self.callee("bob", transport=transport)
        told = self.fragments(alice)
        r = await self.refer(alice, "<%s>" % bob.contact)
        self.assertEqual(r.status, 200)
        self.assertEqual(await self.ended(told), (
            "terminated;reason=noresource", "SIP/2.0 200 OK"))
        self.assertEqual(told[0][1], "SIP/2.0 100 Trying")
        invite = bob.invited
        self.assertEqual(invite.from_.uri, self.uri)
        self.assertIn("isfocus", invite.get("contact"))
        self.assertIn(alice.aor, invite.get("referred-by"))
        self.assertEqual(bob.call.answer.chat.get("setup"), "actpass")
        await bob.connect_msrp(bob.call.msrp)
        self.assertEqual(await bob.say("called", bob.call.room), 200)
        await self.heard(alice, "called")
        self.assertEqual(await alice.say("welcome"), 200)
        await self.heard(bob, "welcome")
        return alice, bob, told

    async def test_invited_over_tcp(self):
        """FOCUS-21, FOCUS-25, FOCUS-26, FOCUS-30, FOCUS-50, SDP-9: who is
        called is in the room like any other, until the moderator removes
        him (FOCUS-22, V-FOCUS-2)."""
        alice, bob, told = await self.invite_and_talk("tcp")
        told.clear()
        r = await self.refer(alice, "<%s;method=BYE>" % bob.aor)
        self.assertEqual(r.status, 200)
        self.assertEqual((await self.ended(told))[1], "SIP/2.0 200 OK")
        await until(lambda: bob.call.ended, 10, "Bob's BYE")
        self.assertIn("cause=403", bob.call.ended.get("reason"))
        await until(lambda: alice.roster.names() == ["Alice"], 10)

    async def test_invited_over_udp(self):
        """FOCUS-21: likewise by UDP; he hangs up by himself."""
        alice, bob, _ = await self.invite_and_talk("udp")
        self.assertEqual((await bob.leave(bob.call.room)).status, 200)
        await until(lambda: alice.roster.names() == ["Alice"], 10)

    async def test_lost_with_the_sip_process(self):
        """SEED0-1, FOCUS-21: the SIP side dies while Bob's telephone rings:
        Alice is told 503, and may ask again."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.callee("bob")
        bob.refuse_with = 180
        told = self.fragments(alice)
        r = await self.refer(alice, "<%s>" % bob.contact)
        self.assertEqual(r.status, 200)
        await until(lambda: bob.invited, 10, "the INVITE")
        await self.kill_sip()
        self.assertEqual((await self.ended(told))[1],
                         "SIP/2.0 503 Service Unavailable")
        bob.refuse_with = None
        told.clear()
        r = await self.refer(alice, "<%s>" % bob.contact)
        self.assertEqual(r.status, 200)
        self.assertEqual((await self.ended(told))[1], "SIP/2.0 200 OK")
        await bob.connect_msrp(bob.call.msrp)
        self.assertEqual(await alice.say("at last"), 200)
        await self.heard(bob, "at last")

    async def test_refused(self):
        """FOCUS-21: a refusal comes back as it was."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.callee("bob")
        bob.refuse_with = 486
        told = self.fragments(alice)
        self.assertEqual((await self.refer(alice, "<%s>" % bob.contact)).status,
                         200)
        self.assertEqual((await self.ended(told))[1], "SIP/2.0 486 No")

    async def test_list_at_the_factory(self):
        """FOCUS-3, FOCUS-40, FOCUS-41, FOCUS-44."""
        alice = await self.sip("alice")
        bob = await self.callee("bob")
        session, boundary = alice._session(), token()
        offer = sdp.offer(session.local_path, 9)
        body = ("--%s\r\nContent-Type: application/sdp\r\n\r\n%s\r\n--%s\r\n"
                "Content-Type: application/resource-lists+xml\r\n"
                "Content-Disposition: recipient-list\r\n\r\n%s\r\n--%s--\r\n"
                % (boundary, offer, boundary, LIST % bob.contact, boundary))
        invite = alice.make(
            "INVITE", "sip:conference@chat.test", alice.from_header, headers=[
                ("Contact", "<%s>" % alice.contact),
                ("Require", "recipient-list-invite"),
                ("Content-Type", 'multipart/mixed;boundary="%s"' % boundary)],
            body=body)
        dialog = Dialog(alice, invite.call_id, invite.get("from"),
                        invite.get("to"), self.stoxd.proxy)
        dialog.local_cseq = 1
        response = await alice.request(invite, self.stoxd.proxy)
        self.assertEqual(response.status, 200)
        dialog.learn(response)
        await dialog.ack(1)
        room = response.contact.uri
        self.assertRegex(room, r"^sip:[0-9a-f]{32}@chat\.test")
        await until(lambda: bob.invited, 10, "Bob's INVITE")
        self.assertEqual(bob.invited.from_.uri, room)
        self.assertIn("recipient-list-history", str(bob.invited))
        self.assertEqual((await dialog.request("BYE")).status, 200)
        dialog.close()


if __name__ == "__main__":
    main()
