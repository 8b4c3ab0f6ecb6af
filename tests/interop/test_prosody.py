"""The room on a real Prosody, and what XMPP users ask of it besides."""

import asyncio

from bed import XmppBed, main, until
from roomcore import RoomCore
from sipmsrp import Refused
from xmppuser import CLIENT, MUC, error_of, item, show, statuses

INFO = "{http://jabber.org/protocol/disco#info}"
ITEMS = "{http://jabber.org/protocol/disco#items}"


def features(iq):
    return {e.get("var") for e in iq.iter(INFO + "feature")}


def identities(iq):
    return {(e.get("category"), e.get("type")) for e in iq.iter(INFO + "identity")}


class ProsodyTest(RoomCore, XmppBed):
    pass


class RoomQueries(XmppBed):
    async def test_disco_service(self):
        """DISCO-1."""
        romeo = await self.xmpp("romeo")
        info = await romeo.disco("chat.test")
        self.assertIn(("conference", "text"), identities(info))
        self.assertLessEqual(
            {INFO[1:-1], ITEMS[1:-1], MUC, "urn:xmpp:ping",
             "jid\\20escaping", MUC + "#stable_id"}, features(info))
        error = await romeo.disco("chat.test", node="no-such-node")
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))

    async def test_disco_items(self):
        """DISCO-2: public rooms, with those that a SIP user made."""
        await self.sip_in("alice", "Alice")
        romeo = await self.xmpp("romeo")
        items = await romeo.disco("chat.test", "items")
        self.assertIn(self.room, [e.get("jid") for e in items.iter(ITEMS + "item")])

    async def test_disco_room(self):
        """DISCO-3, DISCO-4, DISCO-7, DISCO-8, DISCO-11."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        info = await romeo.disco(self.room)
        self.assertIn(("conference", "text"), identities(info))
        found = features(info)
        self.assertLessEqual({MUC, "urn:xmpp:sid:0", MUC + "#stable_id",
                              "urn:xmpp:ping"}, found)
        for one, other in (("muc_public", "muc_hidden"),
                           ("muc_persistent", "muc_temporary"),
                           ("muc_membersonly", "muc_open"),
                           ("muc_moderated", "muc_unmoderated"),
                           ("muc_nonanonymous", "muc_semianonymous"),
                           ("muc_passwordprotected", "muc_unsecured")):
            self.assertEqual((one in found) + (other in found), 1, one)
        items = await romeo.disco(self.room, "items")
        self.assertEqual(list(items.iter(ITEMS + "item")), [])
        error = await romeo.disco("nowhere@chat.test")
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))
        nick = await romeo.disco(self.room, node="x-roomuser-item")
        self.assertEqual(nick.get("type"), "result", show(nick))

    async def test_disco_occupant(self):
        """DISCO-9: a stranger learns nothing about an occupant."""
        await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp("juliet")
        error = await juliet.disco(self.room + "/Romeo")
        self.assertEqual(error_of(error), ("modify", "bad-request"))

    async def test_ping(self):
        """IQ-2, IQ-3: XEP-0199 and the self-ping of XEP-0410."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        for to in ("chat.test", self.room, self.room + "/Romeo"):
            self.assertEqual((await romeo.ping(to)).get("type"), "result", to)
        juliet = await self.xmpp("juliet")
        error = await juliet.ping(self.room + "/Romeo")
        self.assertEqual(error_of(error), ("cancel", "not-acceptable"))
        await romeo.leave(self.room)
        await self.sip_in("alice", "Alice")  # or there would be no room
        error = await romeo.ping(self.room + "/Romeo")
        self.assertEqual(error_of(error), ("cancel", "not-acceptable"))

    async def test_iq_errors(self):
        """IQ-1, IQ-6, ADM-14."""
        await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        for to in ("chat.test", self.room):
            error = await juliet.iq("get", to, "<query xmlns='urn:no:such'/>")
            self.assertEqual(error_of(error), ("cancel", "service-unavailable"))
        error = await juliet.ping(self.room + "/Nobody")
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))
        error = await juliet.open_room(self.room)
        self.assertEqual(error_of(error), ("auth", "forbidden"))

    async def test_message_errors(self):
        """X2S-41, X2S-42, X2S-43: who is not in the room, to whom one may not
        shout, and an empty room."""
        await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp("juliet")
        for to, payload, kind, want in (
                (self.room, "<body>hi</body>", "groupchat",
                 ("cancel", "not-acceptable")),
                ("void@chat.test", "<body>hi</body>", "groupchat",
                 ("cancel", "item-not-found")),
                (self.room + "/Romeo", "<body>hi</body>", "chat",
                 ("cancel", "not-acceptable")),
                (self.room, "<body>hi</body>", "chat",
                 ("modify", "bad-request"))):
            error = await juliet.answer_to(
                juliet.send_message(to, payload, kind))
            self.assertEqual(error_of(error), want, (to, kind))
        await juliet.join(self.room, "Juliet")
        error = await juliet.answer_to(juliet.send_message(
            self.room + "/Romeo", "<body>hi</body>", "groupchat"))
        self.assertEqual(error_of(error), ("modify", "bad-request"))

    async def test_join_errors(self):
        """X2S-2, NICK-5, X2S-3, X2S-13."""
        romeo = await self.xmpp("romeo")
        error = await romeo.answer_to(romeo.presence(
            self.room, "<x xmlns='%s'/>" % MUC))
        self.assertEqual(error_of(error), ("modify", "jid-malformed"))
        await self.xmpp_in("juliet", "Juliet")
        romeo.presence(self.room + "/Romeo")
        gone = await until(lambda: romeo.presences(self.room)[1:], 10, "a no")
        self.assertEqual(gone[0].get("type"), "unavailable")
        self.assertLessEqual({110, 307, 333}, statuses(gone[0]))
        self.assertEqual(item(gone[0]).get("affiliation"), "none")
        self.assertEqual(item(gone[0]).get("role"), "none")

    async def test_locked_room(self):
        """X2S-11, ADM-12: nobody else until the owner has submitted."""
        room = self.room_name + "@locked.test"
        romeo = await self.xmpp("romeo")
        own = await romeo.join(room, "Romeo", instant=False)
        self.assertIn(201, statuses(own))
        juliet = await self.xmpp("juliet")
        error = await juliet.join(room, "Juliet")
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))
        alice = await self.sip("alice")
        with self.assertRaises(Refused) as refused:
            await alice.invite("sip:" + room)
        self.assertIn(refused.exception.status, (403, 404))
        self.assertEqual((await romeo.open_room(room)).get("type"), "result")
        own = await juliet.join(room, "Juliet")
        self.assertIn(110, statuses(own))

    async def test_create_policies(self):
        """X2S-12, FOCUS-2, V-FOCUS-1: who may bring a room into being."""
        romeo = await self.xmpp("romeo")
        alice = await self.sip("alice")
        refused = ("siponly.test", "closed.test")
        for domain in refused:
            error = await romeo.join("a%s@%s" % (self.room_name, domain), "Romeo")
            self.assertIn(error_of(error), (("cancel", "not-allowed"),
                                            ("cancel", "item-not-found")))
        own = await romeo.join(self.room_name + "@xmpponly.test", "Romeo")
        self.assertIn(201, statuses(own))
        for domain in ("xmpponly.test", "closed.test"):
            with self.assertRaises(Refused) as r:
                await alice.invite("sip:b%s@%s" % (self.room_name, domain))
            self.assertEqual(r.exception.status, 404)
        await alice.join("sip:%s@siponly.test" % self.room_name, "Alice")
        own = await romeo.join(self.room_name + "@siponly.test", "Romeo")
        self.assertIn(110, statuses(own))
        await alice.join("sip:%s@xmpponly.test" % self.room_name, "Alice")

    async def test_room_is_dropped_when_empty(self):
        """X2S-35, SEED0-6."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        await romeo.leave(self.room)
        self.assertEqual((await romeo.disco(self.room)).get("type"), "result")
        await alice.leave()
        # the SIP process answers a BYE before the core hears of it
        for _ in range(100):
            answer = await romeo.disco(self.room)
            if answer.get("type") == "error":
                break
            await asyncio.sleep(0.1)
        self.assertEqual(error_of(answer), ("cancel", "item-not-found"))

    async def test_two_clients_one_nick(self):
        """X2S-25, X2S-26: one occupant with two sessions."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        other = await self.xmpp("romeo", resource="phone")
        own = await other.join(self.room, "Romeo")
        self.assertIn(110, statuses(own), show(own))
        await self.agree(["Alice", "Romeo"], [romeo, other], [alice])
        self.assertEqual(await alice.say("to both"), 200)
        await self.read(romeo, "to both")
        await self.read(other, "to both")
        await other.leave(self.room)
        romeo.say(self.room, "one is left")
        await self.heard(alice, "one is left")
        await self.agree(["Alice", "Romeo"], [romeo], [alice])

    async def test_resync(self):
        """X2S-4: a second join of one full JID is a full resync."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        await self.agree(["Alice", "Romeo"], [romeo], [alice])
        start = len(romeo.stanzas)
        own = await romeo.join(self.room, "Romeo")
        self.assertIn(110, statuses(own))
        again = [s.get("from") for s in romeo.stanzas[start:]
                 if s.tag == CLIENT + "presence"]
        self.assertEqual(again, [self.room + "/Alice", self.room + "/Romeo"])
        romeo.say(self.room, "once")
        await self.heard(alice, "once")
        romeo.say(self.room, "twice")
        await self.heard(alice, "twice")
        self.assertEqual(alice.call.texts(), ["once", "twice"])

    async def test_hostile_text(self):
        """BODY-6, X2S-44: what XML forbids never reaches the stream; the
        stream stays."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        self.assertEqual(await alice.say("A\x07B\x00C\uffff]]>"), 200)
        await self.read(romeo, "A\ufffdB\ufffdC\ufffd]]>")
        r = await alice.call.msrp.send(alice.wrap(b"bad \xc3\x28", self.uri))
        self.assertEqual(r.status, 400)
        self.assertEqual(await alice.say("after"), 200)
        await self.read(romeo, "after")

    async def test_long_text(self):
        """BODY-1, COMP-8: 30 KB each way, as one message; over the limit of a
        stanza the sender is told and the stream stays."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        text = "\u2603 & " * 5000
        romeo.say(self.room, text)
        await self.heard(alice, text)
        text = "<\u2603> " * 5000
        self.assertEqual(await alice.say(text, chunk=5000), 200)
        await self.read(romeo, text)
        error = await romeo.answer_to(romeo.say(self.room, "x" * 70000))
        self.assertEqual(error_of(error), ("modify", "policy-violation"))
        romeo.say(self.room, "short")
        await self.heard(alice, "short")
        self.assertEqual(len(alice.call.chat), 2)

    async def test_forged_elements(self):
        """X2S-38, PRIV-7: a stanza-id in our name and muc#user are stripped,
        an origin-id stays."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        romeo.send_message(
            self.room, "<body>forged</body><stanza-id xmlns='urn:xmpp:sid:0' "
            "by='%s' id='forged'/><origin-id xmlns='urn:xmpp:sid:0' id='mine'/>"
            % self.room)
        seen = await self.read(juliet, "forged")
        ids = [e.get("id") for e in seen.findall("{urn:xmpp:sid:0}stanza-id")]
        self.assertEqual(len(ids), 1)
        self.assertNotEqual(ids[0], "forged")
        self.assertEqual(seen.find("{urn:xmpp:sid:0}origin-id").get("id"), "mine")


if __name__ == "__main__":
    main()
