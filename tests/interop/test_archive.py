"""The archive of a logged room, as slixmpp's plugin asks for it, and what a
moderator removes, behind a real Prosody and a real ejabberd."""

import asyncio
import json

from bed import USERS, XmppBed, main, until
from servers import Ejabberd, Prosody, Stoxd
from xmppuser import CLIENT, STANZA_ID, body, error_of, show

MAM = "{urn:xmpp:mam:2}"
RSM = "{http://jabber.org/protocol/rsm}"
MODERATE = "urn:xmpp:message-moderate:1"
RETRACT = "urn:xmpp:message-retract:1"
MESSAGES = 300


class ArchiveTest(XmppBed):
    SERVER = Prosody

    @classmethod
    def set_up_servers(cls):
        cls.need(cls.SERVER)
        cls.server = cls.start(cls.SERVER(cls.folder, USERS, Stoxd.SECRETS))
        domains = dict(Stoxd.DOMAINS)
        domains["chat.test"] += "\n logged = true\n history = %d" % MESSAGES
        cls.stoxd = cls.start(Stoxd(cls.folder, cls.server.component,
                                    domains=domains))
        asyncio.run(cls.wait_component())

    async def reader(self, name):
        user = await self.xmpp(name)
        user.stream.register_plugin("xep_0313")
        return user, user.stream.plugin["xep_0313"]

    async def test_paging(self):
        """IQ-8: 300 messages of XMPP and SIP users page by page, in the order
        in which everybody saw them; a SIP user who comes late gets the same."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        for i in range(MESSAGES // 2):
            romeo.say(self.room, "x%d" % i)
            self.assertEqual(await alice.say("s%d" % i), 200)
        await until(lambda: len(romeo.texts(self.room)) == MESSAGES, 30,
                    "all of it at romeo")
        live = [(m.find(STANZA_ID).get("id"), body(m))
                for m in romeo.chat(self.room)]

        juliet, mam = await self.reader("juliet")  # who is not in the room
        found = []
        async for m in mam.iterate(self.room, rsm={"max": 50}):
            result = m["mam_result"]
            found.append((result["id"],
                          result["forwarded"]["stanza"]["body"]))
        self.assertEqual(found, live)
        back = []
        async for m in mam.iterate(self.room, rsm={"max": 70}, reverse=True):
            back.append(m["mam_result"]["id"])
        self.assertEqual(sorted(back), sorted(i for i, _ in live))

        dave = await self.sip_in("dave", "Dave")
        await until(lambda: len(dave.call.texts()) == MESSAGES, 30,
                    lambda: "the history at dave, who has %d, and %s" % (
                        len(dave.call.texts()),
                        [n.text for n in dave.call.notices]))
        self.assertEqual(dave.call.texts(), [text for _, text in live])

    async def test_metadata_and_errors(self):
        romeo = await self.xmpp_in("romeo", "Romeo")
        for i in range(3):
            romeo.say(self.room, "m%d" % i)
        await self.read(romeo, "m2")
        ids = [m.find(STANZA_ID).get("id") for m in romeo.chat(self.room)]
        shown = json.loads(
            self.stoxd.ctl("--json", "room", self.room).stdout)
        self.assertEqual(shown["archived"], 3)
        data = await romeo.iq("get", self.room, "<metadata xmlns='%s'/>"
                              % MAM[1:-1])
        self.assertEqual(data.find(".//%sstart" % MAM).get("id"), ids[0])
        self.assertEqual(data.find(".//%send" % MAM).get("id"), ids[2])
        error = await romeo.iq(
            "set", self.room, "<query xmlns='%s'><set xmlns='%s'><after>no"
            "</after></set></query>" % (MAM[1:-1], RSM[1:-1]))
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))

    async def test_moderation(self):
        """BODY-17: a moderator removes a SIP user's message."""
        romeo = await self.xmpp_in("romeo", "Romeo")  # the owner
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await alice.say("spam"), 200)
        ident = (await self.read(juliet, "spam")).find(STANZA_ID).get("id")
        request = ("<moderate xmlns='%s' id='%s'><retract xmlns='%s'/>"
                   "<reason>no ads</reason></moderate>"
                   % (MODERATE, ident, RETRACT))
        error = await juliet.iq("set", self.room, request)
        self.assertEqual(error_of(error), ("auth", "forbidden"))
        done = await romeo.iq("set", self.room, request)
        self.assertEqual(done.get("type"), "result", show(done))

        def retraction():
            return next((r for m in juliet.messages(self.room)
                         for r in m.iter("{%s}retract" % RETRACT)), None)
        await until(retraction, 10, "the retraction at juliet")
        self.assertEqual(retraction().get("id"), ident)
        await until(lambda: any("removed by a moderator: no ads" in n.text
                                for n in bob.call.notices), 10,
                    "the notice at bob")
        nurse = await self.xmpp_in("nurse", "Nurse")
        self.assertNotIn("spam", nurse.texts(self.room))
        answer = await nurse.iq("set", self.room, "<query xmlns='%s'/>"
                                % MAM[1:-1])
        self.assertEqual(answer.get("type"), "result", show(answer))
        stones = [m for m in nurse.messages(self.room)
                  if m.find(".//{%s}retracted" % RETRACT) is not None]
        self.assertEqual([m.find(MAM + "result").get("id") for m in stones],
                         [ident])
        self.assertFalse([m for m in nurse.messages(self.room)
                          if m.findtext(".//%sbody" % CLIENT) == "spam"])


class EjabberdArchive(ArchiveTest):
    SERVER = Ejabberd


if __name__ == "__main__":
    main()
