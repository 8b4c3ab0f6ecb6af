"""Several clients of one XMPP user, joining again, and what else than text
clients say to each other, through real XMPP servers."""

from bed import Ejabberd, Prosody, XmppBed, main, until
from xmppuser import CLIENT, STANZA_ID, USER, body, error_of, show, statuses

RECEIPTS = "urn:xmpp:receipts"


class Clients:
    async def two(self):
        """Romeo with two clients, Juliet, and Alice by SIP."""
        first = await self.xmpp_in("romeo", "Romeo")
        second = await self.xmpp("romeo", resource="pda")
        await second.join(self.room, "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        await self.agree(["Alice", "Juliet", "Romeo"],
                         (first, second, juliet), (alice,))
        return first, second, juliet, alice

    async def test_one_nick(self):
        """X2S-37, X2S-49, X2S-51: both clients hear all, he is one person,
        and he is there until the last has gone."""
        first, second, juliet, alice = await self.two()
        ident = first.say(self.room, "from one")
        for user in (first, second, juliet):
            m = await self.read(user, "from one")
            self.assertEqual(m.get("from"), self.room + "/Romeo")
            self.assertEqual(m.get("id"), ident)
            self.assertIsNotNone(m.find(STANZA_ID), show(m))
        await self.heard(alice, "from one")
        juliet.whisper(self.room, "Romeo", "to you")
        for user in (first, second):
            await until(lambda: any(
                body(m) == "to you" for m in user.messages(self.room, "chat")),
                10, "the private message at " + user.jid)
        second.whisper(self.room, "Alice", "psst")
        await self.heard(alice, "psst")
        await first.leave(self.room)
        second.say(self.room, "still here")
        await self.heard(alice, "still here")
        await self.agree(["Alice", "Juliet", "Romeo"], (juliet,), (alice,))
        await second.leave(self.room)
        await self.agree(["Alice", "Juliet"], (juliet,), (alice,))

    async def test_join_again(self):
        """X2S-1: who joins again gets all of it again, and nobody else
        anything."""
        first, _, juliet, alice = await self.two()
        juliet.set_subject(self.room, "verona")
        juliet.say(self.room, "old")
        await self.read(first, "old")
        await self.heard(alice, "old")
        n = len(juliet.presences(self.room))
        first.stanzas.clear()
        own = await first.join(self.room, "Romeo")
        self.assertIn(110, statuses(own))
        self.assertNotIn(201, statuses(own))
        await self.agree(["Alice", "Juliet", "Romeo"], (first,))
        await self.read(first, "old")
        await until(lambda: any(
            m.findtext(CLIENT + "subject") == "verona"
            for m in first.messages(self.room, "groupchat")), 10, "the subject")
        juliet.say(self.room, "after")
        await self.read(juliet, "after")
        self.assertEqual(len(juliet.presences(self.room)), n)

    async def test_taken_by_another(self):
        """NICK-6: the name is his, whichever client he has there."""
        await self.two()
        nurse = await self.xmpp("nurse")
        error = await nurse.join(self.room, "romeo")
        self.assertEqual(error_of(error), ("cancel", "conflict"))

    async def test_more_than_text(self):
        """X2S-45, BODY-16, BODY-19: what clients add reaches clients as it
        is; SIP users read of it what is text."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        first = romeo.say(self.room, "helo")
        await self.heard(alice, "helo")
        for name, ns, payload in (
                ("replace", "urn:xmpp:message-correct:0",
                 "<body>hello</body><replace xmlns='%s' id='" + first + "'/>"),
                ("reply", "urn:xmpp:reply:0",
                 "<body>so am I</body><reply xmlns='%s' id='x' to='y'/>"),
                ("reactions", "urn:xmpp:reactions:0",
                 "<reactions xmlns='%s' id='x'><reaction>+</reaction>"
                 "</reactions>"),
                ("composing", "http://jabber.org/protocol/chatstates",
                 "<composing xmlns='%s'/>"),
                ("displayed", "urn:xmpp:chat-markers:0",
                 "<displayed xmlns='%s' id='x'/>")):
            ident = romeo.send_message(self.room, payload % ns)
            for user in (juliet, romeo):
                m = await until(lambda: next((
                    m for m in user.messages(self.room, "groupchat")
                    if m.get("id") == ident), None), 10, name)
                self.assertIsNotNone(m.find("{%s}%s" % (ns, name)), show(m))
        romeo.say(self.room, "end")
        await self.heard(alice, "end")
        self.assertEqual(alice.call.texts(),
                         ["helo", "[corrected] hello", "so am I", "end"])

    async def test_private_receipt(self):
        """X2S-51: receipts of private messages pass between XMPP users."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        ident = romeo.send_message(
            self.room + "/Juliet",
            "<body>hi</body><request xmlns='%s'/>" % RECEIPTS, "chat")
        m = await until(lambda: next(iter(
            juliet.messages(self.room, "chat")), None), 10, "the message")
        self.assertIsNotNone(m.find("{%s}request" % RECEIPTS), show(m))
        self.assertIsNotNone(m.find(USER + "x"))
        juliet.send_message(
            m.get("from"), "<received xmlns='%s' id='%s'/>" % (
                RECEIPTS, m.get("id")), "chat")
        m = await until(lambda: next(iter(
            romeo.messages(self.room, "chat")), None), 10, "the receipt")
        self.assertEqual(m.get("from"), self.room + "/Juliet")
        self.assertEqual(m.find("{%s}received" % RECEIPTS).get("id"), ident)


class ProsodyClients(Clients, XmppBed):
    server_class = Prosody


class EjabberdClients(Clients, XmppBed):
    server_class = Ejabberd


if __name__ == "__main__":
    main()
