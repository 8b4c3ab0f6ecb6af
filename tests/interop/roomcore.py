"""What an XMPP server's users and SIP users do together in one room. Each test
runs on every XMPP server (see test_prosody.py and test_ejabberd.py)."""

import asyncio

import cpim
from bed import until
from xmppuser import (CLIENT, DELAY, STANZA_ID, USER, body, error_of, item, show,
                      statuses)


class RoomCore:
    async def four(self):
        """Romeo by XMPP; Alice, Bob and Carol by SIP; all know all."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        sips = [await self.sip_in("alice", "Alice"),
                await self.sip_in("bob", "Bob"),
                await self.sip_in("carol", "Carol", transport="udp")]
        await self.agree(["Romeo", "Alice", "Bob", "Carol"], [romeo], sips)
        return [romeo] + sips

    async def settle(self, romeo, *sips):
        """After this, whatever was under way has arrived: one more message
        in each direction has gone the same ordered ways."""
        romeo.say(self.room, "settled-x")
        for user in sips:
            await self.heard(user, "settled-x")
        await self.read(romeo, "settled-x")
        self.assertEqual(await sips[0].say("settled-s"), 200)
        for user in sips[1:]:
            await self.heard(user, "settled-s")
        await self.read(romeo, "settled-s")

    async def test_message_from_xmpp(self):
        """X2S-36, X2S-37, X2S-38, CPIM-1: each SIP user gets it once; the
        sender sees his own under his id with a stanza-id."""
        romeo, alice, bob, carol = await self.four()
        ident = romeo.say(self.room, "But soft, what light? <&> \u00e9")
        text = "But soft, what light? <&> \u00e9"
        for user in (alice, bob, carol):
            heard = await self.heard(user, text)
            self.assertEqual(heard.to, self.uri)
            self.assertEqual(heard.sender, self.uri + ";gr=Romeo")
            self.assertRegex(heard.date, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
        own = await self.read(romeo, text)
        self.assertEqual(own.get("id"), ident)
        self.assertEqual(own.get("from"), self.room + "/Romeo")
        ids = own.findall(STANZA_ID)
        self.assertEqual([e.get("by") for e in ids], [self.room])
        await self.settle(romeo, alice, bob, carol)
        self.assertEqual(romeo.texts(self.room).count(text), 1)
        for user in (alice, bob, carol):
            self.assertEqual(user.call.texts().count(text), 1)

    async def test_message_from_sip(self):
        """X2S-44, CHAT-10, CPIM-12, V-CHAT-1: 200 and no copy for the sender,
        the CPIM entity unaltered for SIP, a stanza with id for XMPP."""
        romeo, alice, bob, carol = await self.four()
        text = "It is the east \u263c\r\nand Juliet <is> the sun"
        entity = alice.wrap(text, self.uri, headers=[("X-Own", "as it is")])
        response = await alice.call.msrp.send(entity)
        self.assertEqual(response.status, 200)
        for user in (bob, carol):
            heard = await self.heard(user, text)
            self.assertEqual(heard.raw.body, entity)
        seen = await self.read(romeo, text.replace("\r\n", "\n"))
        self.assertEqual(seen.get("from"), self.room + "/Alice")
        self.assertTrue(seen.get("id"))
        self.assertEqual([e.get("by") for e in seen.findall(STANZA_ID)],
                         [self.room])
        await self.settle(romeo, alice, bob, carol)
        self.assertNotIn(text, alice.call.texts())
        for user in (bob, carol):
            self.assertEqual(user.call.texts().count(text), 1)

    async def test_names_of_all_kinds(self):
        """ADDR-16, ADDR-17, ADDR-19, NICK-14, BODY-8: nicknames with blanks,
        quotes and other alphabets; lines end as each side wants."""
        nick = "\u0418\u0432\u0430\u043d \"J;&<\\"
        romeo = await self.xmpp_in("romeo", "Romeo & Co")
        alice = await self.sip_in("alice", nick)
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Romeo & Co", nick, "Bob"], [romeo], [alice, bob])
        romeo.say(self.room, "two\nlines")
        heard = await self.heard(alice, "two\r\nlines")
        self.assertEqual(heard.sender, self.uri + ";gr=Romeo%20&%20Co")
        self.assertEqual(await alice.whisper(heard.sender, "psst"), 200)
        got = await until(lambda: [m for m in romeo.messages(self.room, "chat")
                                   if body(m) == "psst"], 10, "the PM")
        self.assertEqual(got[0].get("from"), self.room + "/" + nick)

    async def test_one_order_for_all(self):
        """CHAT-20: everybody sees the others' messages in one order."""
        romeo, *sips = await self.four()

        async def talk(user):
            for i in range(25):
                self.assertEqual(await user.say("%s %d" % (user.name, i)), 200)
        tasks = [asyncio.ensure_future(talk(u)) for u in sips]
        for i in range(25):
            romeo.say(self.room, "romeo %d" % i)
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        await until(lambda: len(romeo.texts(self.room)) >= 100, 15,
                    lambda: "100 messages, has %d" % len(romeo.texts(self.room)))
        order = romeo.texts(self.room)
        self.assertEqual(len(set(order)), 100)
        for user in sips:
            want = [t for t in order if not t.startswith(user.name)]
            await until(lambda: len(user.call.texts()) >= 75, 15, "75 messages")
            self.assertEqual(user.call.texts(), want)

    async def test_private_messages(self):
        """X2S-49, X2S-51, X2S-50, CHAT-30, CHAT-31: only the addressee gets
        them, both ways; who is not there is told to the sender."""
        romeo, alice, bob, carol = await self.four()
        romeo.whisper(self.room, "Alice", "psst from romeo")
        heard = await self.heard(alice, "psst from romeo")
        self.assertEqual(heard.sender, self.uri + ";gr=Romeo")
        self.assertEqual(heard.to, alice.roster.by_name("Alice").entity)
        target = alice.roster.by_name("Romeo").entity
        self.assertEqual(await alice.whisper(target, "psst from alice"), 200)
        got = await until(lambda: [m for m in romeo.messages(self.room, "chat")
                                   if body(m) == "psst from alice"], 10, "PM")
        self.assertEqual(got[0].get("from"), self.room + "/Alice")
        self.assertIsNotNone(got[0].find(USER + "x"))
        bob_uri = alice.roster.by_name("Bob").entity
        self.assertEqual(await alice.whisper(bob_uri, "psst sip"), 200)
        await self.heard(bob, "psst sip")
        self.assertEqual(
            await alice.whisper(self.uri + ";gr=Nobody", "lost"), 404)
        ident = romeo.whisper(self.room, "Nobody", "lost")
        error = await romeo.answer_to(ident)
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))
        await self.settle(romeo, alice, bob, carol)
        for user in (bob, carol):
            self.assertNotIn("psst from romeo", user.call.texts())
            self.assertNotIn("psst from alice", user.call.texts())
        self.assertNotIn("psst sip", carol.call.texts())
        self.assertEqual(len(got), 1)

    async def test_nick_conflict(self):
        """NICK-6, X2S-13, NICK-11, CHAT-45, CHAT-47, V-CHAT-7: one name space
        for both sides, compared by RFC 8266."""
        romeo, alice, bob, carol = await self.four()
        juliet = await self.xmpp("juliet")
        error = await juliet.join(self.room, "aLICE")
        self.assertEqual(error_of(error), ("cancel", "conflict"), show(error))
        self.assertEqual(error.get("from"), self.room + "/aLICE")
        self.assertEqual(await alice.nick("ROMEO"), 425)
        self.assertEqual(await alice.nick(" BOB "), 425)
        self.assertEqual(await alice.nick("  "), 424)
        ident = romeo.change_nick(self.room, "Bob")
        error = await romeo.answer_to(ident)
        self.assertEqual(error_of(error), ("cancel", "conflict"))
        self.assertEqual(error.get("from"), self.room + "/Romeo")
        await self.agree(["Romeo", "Alice", "Bob", "Carol"], [romeo],
                         [alice, bob, carol])

    async def test_nick_change_from_xmpp(self):
        """NICK-10: unavailable 303 with the new nick, then the new presence."""
        romeo, alice, bob, carol = await self.four()
        juliet = await self.xmpp_in("juliet", "Juliet")
        juliet.change_nick(self.room, "Jule")
        await self.agree(["Romeo", "Jule", "Alice", "Bob", "Carol"],
                         [romeo, juliet], [alice, bob, carol])
        for user in (romeo, juliet):
            gone = [p for p in user.presences(self.room)
                    if 303 in statuses(p)][-1]
            self.assertEqual(gone.get("from"), self.room + "/Juliet")
            self.assertEqual(gone.get("type"), "unavailable")
            self.assertEqual(item(gone).get("nick"), "Jule")
            self.assertEqual(110 in statuses(gone), user is juliet)
            new = user.roster(self.room)["Jule"]
            self.assertEqual(110 in statuses(new), user is juliet)
        juliet.say(self.room, "renamed")
        heard = await self.heard(alice, "renamed")
        self.assertEqual(heard.sender, self.uri + ";gr=Jule")

    async def test_nick_change_from_sip(self):
        """CHAT-48, V-CHAT-6: NOTIFY to SIP users, 303 to XMPP users."""
        romeo, alice, bob, carol = await self.four()
        self.assertEqual(await alice.nick("Ann"), 200)
        await self.agree(["Romeo", "Ann", "Bob", "Carol"], [romeo],
                         [alice, bob, carol])
        gone = [p for p in romeo.presences(self.room) if 303 in statuses(p)][-1]
        self.assertEqual(gone.get("from"), self.room + "/Alice")
        self.assertEqual(item(gone).get("nick"), "Ann")
        self.assertEqual(await alice.say("it is still me"), 200)
        seen = await self.read(romeo, "it is still me")
        self.assertEqual(seen.get("from"), self.room + "/Ann")

    async def test_subject(self):
        """X2S-47, X2S-23, X2S-46: to XMPP a stanza with subject only, to SIP
        the conference description; a new occupant always gets one."""
        romeo, alice, bob, carol = await self.four()
        first = [m for m in romeo.messages(self.room, "groupchat")
                 if m.find(CLIENT + "subject") is not None]
        self.assertEqual(len(first), 1)
        self.assertFalse(first[0].findtext(CLIENT + "subject"))
        romeo.set_subject(self.room, "Fair Verona & <more>")
        await until(lambda: alice.roster.subject == "Fair Verona & <more>", 10,
                    "the subject at alice")

        def latest(user):
            return [m for m in user.messages(self.room, "groupchat")
                    if m.find(CLIENT + "subject") is not None][-1:]
        await until(lambda: latest(romeo)[0].findtext(CLIENT + "subject")
                    == "Fair Verona & <more>", 10, "the subject at romeo")
        self.assertIsNone(body(latest(romeo)[0]))
        juliet = await self.xmpp_in("juliet", "Juliet")
        await until(lambda: latest(juliet), 10, "the subject at juliet")
        self.assertEqual(latest(juliet)[0].findtext(CLIENT + "subject"),
                         "Fair Verona & <more>")
        self.assertIsNotNone(latest(juliet)[0].find(DELAY))

    async def test_subject_from_sip(self):
        """X2S-48: a CPIM Subject with an empty body sets the topic."""
        romeo, alice, bob, carol = await self.four()
        entity = cpim.build(alice.aor, self.uri, b"",
                            headers=[("Subject", "Swords")])
        self.assertEqual((await alice.call.msrp.send(entity)).status, 200)

        def subjects():
            return [m.findtext(CLIENT + "subject") for m in
                    romeo.messages(self.room, "groupchat") if body(m) is None]
        await until(lambda: "Swords" in subjects(), 10, "the subject at romeo")
        await until(lambda: bob.roster.subject == "Swords", 10, "it at bob")

    async def test_history(self):
        """X2S-21, X2S-22, X2S-14: late joiners of both kinds get the same old
        messages, oldest first, marked as old, before anything live."""
        romeo, alice, bob, carol = await self.four()
        for i in range(3):
            romeo.say(self.room, "x%d" % i)
            await self.heard(alice, "x%d" % i)
            self.assertEqual(await alice.say("s%d" % i), 200)
            await self.read(romeo, "s%d" % i)
        want = ["x0", "s0", "x1", "s1", "x2", "s2"]
        juliet = await self.xmpp_in("juliet", "Juliet")
        await until(lambda: len(juliet.texts(self.room)) >= 6, 10, "history")
        old = juliet.chat(self.room)
        self.assertEqual([body(m) for m in old], want)
        live = {body(m): m for m in romeo.chat(self.room)}
        for m in old:
            self.assertIsNotNone(m.find(DELAY), show(m))
            self.assertTrue(m.find(DELAY).get("stamp").endswith("Z"))
            self.assertEqual(m.get("from").split("/")[0], self.room)
            self.assertEqual(m.find(STANZA_ID).get("id"),
                             live[body(m)].find(STANZA_ID).get("id"))

        def kinds():
            return ["presence" if s.tag == CLIENT + "presence" else
                    "subject" if body(s) is None else "history"
                    for s in juliet.stanzas if (s.get("from") or "").startswith(
                        self.room) and s.tag != CLIENT + "iq"][:12]
        await until(lambda: len(kinds()) == 12, 10, "the subject")
        self.assertEqual(kinds(),
                         ["presence"] * 5 + ["history"] * 6 + ["subject"])
        dave = await self.sip_in("dave", "Dave")
        await until(lambda: len(dave.call.chat) >= 6, 10, "history by MSRP")
        self.assertEqual(dave.call.texts(), want)
        for heard in dave.call.chat:
            # S's own entities are never altered, so may have no DateTime
            if heard.text.startswith("x"):
                self.assertRegex(heard.date, r"^\d{4}-\d\d-\d\dT")
        romeo.say(self.room, "live")
        self.assertIsNone((await self.read(juliet, "live")).find(DELAY))
        await self.heard(dave, "live")
        nurse = await self.xmpp_in("nurse", "Nurse", history="maxstanzas='2'")
        await self.read(nurse, "live")
        self.assertEqual(nurse.texts(self.room), ["s2", "live"])
        tybalt = await self.xmpp_in("tybalt", "Tybalt", history="maxchars='0'")
        romeo.say(self.room, "after")
        await self.read(tybalt, "after")
        self.assertEqual(tybalt.texts(self.room), ["after"])

    async def test_rosters_agree(self):
        """X2S-24, X2S-29, X2S-32, EVENT-17, EVENT-30, V-EVENT-4, ABN-1: both
        sides show the same people after joins, leaves, a lost MSRP connection
        and a killed XMPP client."""
        romeo, alice, bob, carol = await self.four()
        juliet = await self.xmpp_in("juliet", "Juliet")
        await self.agree(["Romeo", "Juliet", "Alice", "Bob", "Carol"],
                         [romeo, juliet], [alice, bob, carol])
        own = await juliet.leave(self.room)
        self.assertEqual(item(own).get("role"), "none")
        self.assertEqual((await carol.leave()).status, 200)
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        nurse = await self.xmpp_in("nurse", "Nurse")
        await self.agree(["Romeo", "Nurse", "Alice", "Bob"], [romeo, nurse],
                         [alice, bob])
        nurse.kill()
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])
        bob.call.msrp.connection.abort()
        await self.agree(["Romeo", "Alice"], [romeo], [alice], timeout=20)
        await until(lambda: bob.call.ended, 20, "BYE after the lost connection")
        self.assertEqual(await alice.say("still here"), 200)
        await self.read(romeo, "still here")

    async def test_presence_update(self):
        """X2S-27, X2S-15: show and status reach the other XMPP occupants, a
        client's own muc elements do not."""
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        juliet.presence(self.room + "/Juliet", "<show>away</show><status>asleep"
                        "</status><x xmlns='%s'><item affiliation='owner' "
                        "role='moderator'/></x>" % USER[1:-1])

        def away():
            return [p for p in romeo.presences(self.room)
                    if p.get("from").endswith("/Juliet") and
                    p.findtext(CLIENT + "show") == "away"]
        seen = (await until(away, 10, "away"))[0]
        self.assertEqual(seen.findtext(CLIENT + "status"), "asleep")
        self.assertEqual(len(seen.findall(USER + "x")), 1)
        self.assertEqual(item(seen).get("role"), "participant")

    async def test_join_presence(self):
        """X2S-16, X2S-14, ADM-12, NICK-8: others first, self last with 110,
        201 for who made the room, 210 for a changed nick."""
        romeo = await self.xmpp("romeo")
        own = await romeo.join(self.room, "Romeo")
        self.assertLessEqual({110, 201}, statuses(own))
        self.assertEqual(item(own).get("affiliation"), "owner")
        self.assertEqual(item(own).get("role"), "moderator")
        await self.sip_in("alice", "Alice")
        juliet = await self.xmpp("juliet")
        own = await juliet.join(self.room, "  Juliet  C")
        self.assertIn(110, statuses(own))
        self.assertIn(210, statuses(own))
        self.assertNotIn(201, statuses(own))
        self.assertEqual(own.get("from"), self.room + "/Juliet C")
        froms = [p.get("from").split("/")[1]
                 for p in juliet.presences(self.room)]
        self.assertEqual(sorted(froms[:2]), ["Alice", "Romeo"])
        self.assertEqual(froms[2:], ["Juliet C"])
        for p in juliet.presences(self.room):
            self.assertEqual(len(p.findall(USER + "x")), 1)
            self.assertIsNone(item(p).get("jid") if p is not own else None)
