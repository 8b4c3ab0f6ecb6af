"""XMPP users of a real Prosody in an independent SIP conference, which does
everything wrong that it is asked to."""

import asyncio

from bed import Prosody, main, until
from bridges import CONF, ConferenceBed
from focus import Focus
from servers import free_port
from test_crash import Crashes
from xmppuser import CLIENT, body, error_of, show, statuses


class FocusTest(Crashes, ConferenceBed):
    server_class = Prosody
    limits = "leg-away = 20"

    @classmethod
    def conference_keys(cls):
        cls.focus_port = free_port()
        return ' route = "sip:127.0.0.1:%d;transport=tcp"\n' % cls.focus_port

    async def asyncSetUp(self):
        await super().asyncSetUp()
        await self.begin_focus()

    async def begin_focus(self):
        self.focus = Focus(self.uri)
        self.focus.fixed_port = self.focus_port
        await self.focus.start()

    async def asyncTearDown(self):
        await super().asyncTearDown()
        await until(lambda: not self.focus.members, 10, "the last BYE")
        self.focus.close()
        self.assertEqual(self.focus.violations, [])

    async def juliet_in(self, nick="Juliet", **kw):
        """Juliet and her member at the focus."""
        juliet = await self.xmpp("juliet")
        own = await juliet.join(self.room, nick, timeout=20, **kw)
        self.assertIn(110, statuses(own), show(own))
        return juliet, self.focus.members[-1], own

    async def refused(self, user, nick="Juliet", timeout=20):
        own = await user.join(self.room, nick, timeout=timeout)
        self.assertEqual(own.get("type"), "error", show(own))
        return own, error_of(own)

    async def talk(self, juliet, member, text):
        """Both ways, each once."""
        ident = juliet.say(self.room, text)
        own = await self.read(juliet, text)
        self.assertEqual(own.get("id"), ident)
        await until(lambda: text in member.texts(), 10, "it at the focus")
        self.assertEqual(member.texts().count(text), 1)
        answer = text + " indeed"
        self.assertEqual(await self.focus.tell(
            member, self.focus.entity("Romeo"), answer), 200)
        seen = await self.read(juliet, answer)
        self.assertEqual(seen.get("from"), self.room + "/Romeo")
        self.assertEqual(juliet.texts(self.room).count(answer), 1)

    async def gone(self, user, timeout=20):
        return await until(lambda: next((
            p for p in user.presences(self.room)
            if p.get("type") == "unavailable" and 110 in statuses(p)), None),
            timeout, "the end")

    async def test_two_users(self):
        """X2S-5, X2S-6, X2S-17, X2S-36, X2S-37, X2S-49: two callers, and one
        who lives there; subject, messages, private messages, BYE."""
        self.focus.strangers = ["Romeo"]
        self.focus.subject = "Today"
        juliet, one, own = await self.juliet_in()
        nurse = await self.xmpp_in("nurse", "Nurse")
        two = self.focus.members[-1]
        await self.agree(["Romeo", "Juliet", "Nurse"], [juliet, nurse])
        self.assertNotIn(210, statuses(own))
        await self.talk(juliet, one, "good morrow")
        await self.read(nurse, "good morrow")
        self.assertEqual(nurse.texts(self.room).count("good morrow"), 1)
        self.assertTrue(any(
            m.findtext(CLIENT + "subject") == "Today"
            for m in nurse.messages(self.room, "groupchat")))
        juliet.whisper(self.room, "Nurse", "psst")
        got = await until(lambda: nurse.messages(self.room, "chat"), 10, "PM")
        self.assertEqual((body(got[0]), got[0].get("from")),
                         ("psst", self.room + "/Juliet"))
        self.assertEqual(two.texts().count("psst"), 0)
        await nurse.leave(self.room)
        await until(lambda: two.gone, 10, "the BYE")
        await self.agree(["Romeo", "Juliet"], [juliet])

    async def test_names(self):
        """NICK-6, NICK-9, NICK-11: taken on joining and later."""
        self.focus.strangers = ["Romeo"]
        juliet = await self.xmpp("juliet")
        _, error = await self.refused(juliet, "Romeo")
        self.assertEqual(error, ("cancel", "conflict"))
        await until(lambda: not self.focus.members, 10, "the BYE")
        own = await juliet.join(self.room, "Juliet", timeout=20)
        self.assertIn(110, statuses(own))
        answer = await juliet.answer_to(juliet.change_nick(self.room, "Romeo"))
        self.assertEqual(error_of(answer), ("cancel", "conflict"))
        juliet.change_nick(self.room, "Capulet")
        await self.agree(["Romeo", "Capulet"], [juliet])
        self.assertEqual(self.focus.members[0].nick, "Capulet")

    async def test_no_names(self):
        """NICK-9: NICKNAME answered 501, and no chat room features at all."""
        for tokens, status in (("nickname", 501), (None, 501)):
            self.focus.tokens, self.focus.nicknames = tokens, status
            juliet, member, own = await self.juliet_in()
            self.assertIsNone(member.nick)
            await self.talk(juliet, member, "I have no name")
            await juliet.leave(self.room)
            await until(lambda: member.gone, 10, "the BYE")
            await juliet.logout()

    async def test_no_events(self):
        """X2S-17: no roster to be had, 489, 403 and silence; she sees
        herself and those who speak."""
        for status in (489, 403, None):
            self.focus.events = status
            juliet, member, _ = await self.juliet_in()
            self.assertEqual(juliet.names(self.room), ["Juliet"], status)
            await self.talk(juliet, member, "who is there %s" % status)
            await juliet.leave(self.room)
            await until(lambda: member.gone, 10, "the BYE")
            await juliet.logout()

    async def test_no_focus(self):
        """RFC 4579 §5.2: a Contact without isfocus is usable."""
        self.focus.isfocus = ""
        juliet, member, _ = await self.juliet_in()
        await self.talk(juliet, member, "hello")

    async def test_refusals(self):
        """X2S-12, X2S-13, ERR-1: SIP's answers as stanza errors."""
        juliet = await self.xmpp("juliet")
        for status, want in ((404, ("cancel", "item-not-found")),
                             (403, ("auth", "forbidden")),
                             (486, ("wait", "recipient-unavailable")),
                             (500, ("cancel", "internal-server-error")),
                             (488, ("modify", "not-acceptable"))):
            self.focus.answer_with = (status, "No", [])
            _, error = await self.refused(juliet)
            self.assertEqual(error[1], want[1], status)

    async def test_retry_after(self):
        """ERR-7: 503 with Retry-After: wait, and nobody asks until then."""
        self.focus.answer_with = (503, "Busy", [("Retry-After", "6")])
        juliet = await self.xmpp("juliet")
        stanza, error = await self.refused(juliet)
        self.assertEqual(error[0], "wait")
        self.assertIn("6 s", show(stanza))
        self.focus.answer_with = None
        asked = len(self.focus.invites)
        _, error = await self.refused(juliet)
        self.assertEqual(error[0], "wait")
        self.assertEqual(len(self.focus.invites), asked)
        await asyncio.sleep(6)
        own = await juliet.join(self.room, "Juliet", timeout=20)
        self.assertIn(110, statuses(own))

    async def test_late(self):
        """X2S-19: an answer after some seconds; one that is not waited for."""
        self.focus.answer_after = 4
        juliet, member, _ = await self.juliet_in()
        await self.talk(juliet, member, "at last")
        nurse = await self.xmpp("nurse")
        nurse.presence(self.room + "/Nurse",
                       "<x xmlns='http://jabber.org/protocol/muc'/>")
        await until(lambda: len(self.focus.invites) == 2, 10, "the INVITE")
        nurse.presence(self.room + "/Nurse", kind="unavailable")
        await until(lambda: self.focus.cancelled, 10, "the CANCEL")
        await self.gone(nurse)
        await asyncio.sleep(4.2)
        self.assertEqual(self.focus.members, [member])

    async def test_lost_connection(self):
        """X2S-31: the MSRP connection drops: 333, BYE, and in again."""
        juliet, member, _ = await self.juliet_in()
        self.focus.drop_msrp()
        own = await self.gone(juliet)
        self.assertIn(333, statuses(own))
        self.assertNotIn(307, statuses(own))
        await until(lambda: member.gone, 10, "the BYE")
        error = await juliet.answer_to(juliet.say(self.room, "anyone?"))
        self.assertEqual(error_of(error)[0], "cancel")
        juliet.stanzas.clear()
        own = await juliet.join(self.room, "Juliet", timeout=20)
        await self.talk(juliet, self.focus.members[-1], "back")

    async def test_mended(self):
        """The MSRP connection drops, and a re-INVITE brings it back: she never
        was out, and what she said meanwhile arrives once."""
        juliet, member, _ = await self.juliet_in()
        nurse = await self.xmpp_in("nurse", "Nurse")
        self.focus.mends = True

        def returns():
            return self.stoxd.log_text().count("back_sip.back")
        for i in range(3):
            before = returns()
            self.focus.drop_msrp()
            words = ["%d.%d" % (i, n) for n in range(5)]
            idents = [juliet.say(self.room, w) for w in words]
            for word, ident in zip(words, idents):
                answer = await juliet.answer_to(ident)
                if error_of(answer):
                    self.assertNotIn(word, member.texts())
                else:
                    self.assertEqual(member.texts().count(word), 1)
            told = [t for t in member.texts() if t in words]
            self.assertEqual(told, sorted(told))
            await until(lambda: returns() == before + 2, 20,
                        "both to be back")
            await self.talk(juliet, member, "mended %d" % i)
            await self.read(nurse, "mended %d" % i)
            await asyncio.sleep(1)
        for user in (juliet, nurse):
            self.assertEqual([show(p) for p in user.presences(self.room)
                              if p.get("type") == "unavailable"], [])

    async def test_one_client_renamed(self):
        """NICK-10: of two clients under one name one takes another: it has a
        call of its own from then on, and neither misses anything."""
        self.focus.strangers = ["Romeo"]
        juliet, member, _ = await self.juliet_in()
        phone = await self.xmpp("juliet", resource="phone")
        await phone.join(self.room, "Juliet", timeout=20)
        self.assertEqual(self.focus.members, [member])
        stop = False

        async def chatter():
            said = []
            while not stop:
                said.append("word %d" % len(said))
                await self.focus.switch(self.focus.entity("Romeo"), said[-1])
                await asyncio.sleep(0.005)
            return said

        talk = asyncio.ensure_future(chatter())
        await asyncio.sleep(0.1)
        phone.change_nick(self.room, "Jule")
        await until(lambda: any(303 in statuses(p)
                                for p in phone.presences(self.room)), 20,
                    "the new name")
        await asyncio.sleep(0.3)
        stop = True
        said = await talk
        for user in (juliet, phone):
            await self.read(user, said[-1])
            heard = [t for t in user.texts(self.room) if t in said]
            self.assertEqual(heard, said)
        self.assertEqual([x.nick for x in self.focus.members],
                         ["Juliet", "Jule"])
        await self.agree(["Juliet", "Jule", "Romeo"], [juliet, phone])
        phone.say(self.room, "by phone")
        seen = await self.read(juliet, "by phone")
        self.assertEqual(seen.get("from"), self.room + "/Jule")
        self.assertFalse(any(303 in statuses(p)
                             for p in juliet.presences(self.room)))
        await phone.leave(self.room)
        await self.agree(["Juliet", "Romeo"], [juliet])
        await self.talk(juliet, member, "alone")

    async def test_forgotten(self):
        """X2S-31: the focus starts again some seconds later, knowing nobody:
        their calls are made anew, they don't see more than that, and who does
        not come back is gone."""
        self.focus.strangers = ["Romeo"]
        juliet, _, _ = await self.juliet_in()
        nurse = await self.xmpp_in("nurse", "Nurse")
        await self.agree(["Juliet", "Nurse", "Romeo"], [juliet, nurse])
        self.focus.die()
        await asyncio.sleep(4)
        ident = juliet.say(self.room, "anyone?")
        await self.begin_focus()
        await until(lambda: sorted(m.nick or "" for m in self.focus.members)
                    == ["Juliet", "Nurse"], 30, "their return")
        await self.agree(["Juliet", "Nurse"], [juliet, nurse], timeout=20)
        own = await self.read(juliet, "anyone?")
        self.assertEqual(own.get("id"), ident)
        member = next(m for m in self.focus.members if m.nick == "Juliet")
        await self.talk(juliet, member, "once more")
        self.assertEqual(member.texts().count("anyone?"), 1)
        for user in (juliet, nurse):
            self.assertEqual([show(p) for p in user.presences(self.room)
                              if p.get("type") == "unavailable" and
                              110 in statuses(p)], [])

    async def test_expelled(self):
        """X2S-31: BYE by the focus, for a kick and for its own end."""
        for reason, code in (('SIP;cause=403;text="Enough"', 307),
                             ('SIP;cause=503;text="Closing"', 332)):
            juliet, member, _ = await self.juliet_in()
            await self.focus.expel(member, reason)
            self.assertIn(code, statuses(await self.gone(juliet)))
            await juliet.logout()

    async def test_bad_documents(self):
        """X2S-18: no XML, a partial document from nowhere, old and missing
        versions: the list is asked for again and is right in the end."""
        spoils = [lambda t: t[:-20], lambda t: "",
                  lambda t: "<!DOCTYPE x [<!ENTITY a 'b'>]>" + t,
                  lambda t: t.replace("version='", "version='9"),
                  lambda t: t.replace("state='full' ver", "state='partial' "
                                      "ver").replace("version='", "version='7"),
                  lambda t: t.replace("<users", "<nobody", 1)]
        juliet, member, _ = await self.juliet_in()
        for i, spoil in enumerate(spoils):
            self.focus.spoil = spoil
            self.focus.strangers.append("N%d" % i)
            self.focus.changed()
            await asyncio.sleep(0.1)
            self.focus.spoil = None
            if i == 0:
                before = self.focus.subscribes
                await until(lambda: self.focus.subscribes > before, 10,
                            "a request for the whole list")
        self.focus.changed()
        await self.agree(["Juliet"] + self.focus.strangers, [juliet],
                         timeout=20)
        await self.talk(juliet, member, "still here")

    async def test_strangers(self):
        """RFC 7701 §6.1: From of people whom no roster names; things that are
        no message."""
        juliet, member, _ = await self.juliet_in()
        for sender, name, text in (
                ("sip:ghost@elsewhere.test", "Ghost", "boo"),
                ("sip:nameless@elsewhere.test", "", "hm"),
                (self.focus.entity("Unlisted"), "", "me too"),
                ("tel:+4930123", "", "by phone")):
            self.assertEqual(await self.focus.tell(
                member, sender, text, name=name), 200)
            seen = await self.read(juliet, text)
            self.assertNotEqual(seen.get("from"), self.room + "/Juliet")
        for data, ctype, status in (
                (b"plain", "text/plain", 415), (b"no head", None, 400),
                (b"From: x\r\n\r\n\r\n\r\n", None, 400)):
            r = await member.session.send(data, ctype or "message/cpim")
            self.assertEqual(r.status, status, data)
        r = await member.session.send(
            b"From: <sip:a@b.test>\r\nTo: <%s>\r\n\r\nContent-Type: "
            b"application/x-unknown\r\n\r\nzz" % self.uri.encode())
        self.assertEqual(r.status, 415)
        await self.talk(juliet, member, "after all that")

    async def test_not_said(self):
        """X2S-40: refusals of SEND; nobody sees the message."""
        juliet, member, _ = await self.juliet_in()
        nurse = await self.xmpp_in("nurse", "Nurse")
        for status, want in ((403, "forbidden"), (413, "policy-violation"),
                             (415, "not-acceptable"), (400, "bad-request")):
            member.session.answer_with = status
            error = await juliet.answer_to(
                juliet.say(self.room, "refused %d" % status))
            self.assertIsNotNone(error_of(error), show(error))
        member.session.answer_with = 200
        await self.talk(juliet, member, "accepted")
        self.assertEqual([t for t in nurse.texts(self.room)
                          if t.startswith("refused")], [])

    async def test_reported(self):
        """X2S-40: a 200, and then a REPORT of failure."""
        self.focus.strangers = ["Romeo"]
        juliet, member, _ = await self.juliet_in()
        self.focus.report_with = 403
        for to, ident in (
                (self.room, juliet.say(self.room, "in vain")),
                (self.room + "/Romeo",
                 juliet.whisper(self.room, "Romeo", "in vain"))):
            error = await until(lambda: next((
                s for s in juliet.stanzas if s.get("id") == ident
                and s.get("type") == "error"), None), 10, "the error")
            self.assertEqual(error_of(error), ("auth", "forbidden"))
            self.assertEqual(error.get("from"), to)
        self.focus.report_with = None
        await self.talk(juliet, member, "accepted")

    async def test_silence(self):
        """X2S-20, ERR-10: no answer to INVITE, none to SEND."""
        juliet, member, _ = await self.juliet_in()
        self.focus.silent = True
        self.focus.answer_after, self.focus.trying = 100, False
        nurse = await self.xmpp("nurse")
        ident = juliet.say(self.room, "hello?")
        _, error = await self.refused(nurse, "Nurse", 40)
        self.assertEqual(error, ("wait", "remote-server-timeout"))
        answer = await juliet.answer_to(ident, 40)
        self.assertEqual(error_of(answer)[0], "wait")
        self.assertEqual(juliet.texts(self.room), [])

    async def test_focus_restarts(self):
        """X2S-31: it dies without a word and comes back knowing nobody."""
        juliet, _, _ = await self.juliet_in()
        self.focus.die()
        self.assertIn(333, statuses(await self.gone(juliet, 50)))
        await self.refused(juliet)
        await self.begin_focus()
        juliet.stanzas.clear()
        own = await juliet.join(self.room, "Juliet", timeout=20)
        self.assertIn(110, statuses(own))
        await self.talk(juliet, self.focus.members[-1], "again")

    async def test_sip_process_dies(self):
        """SEED0-1: kill -9 of the SIP side alone: nobody notices."""
        juliet, member, _ = await self.juliet_in()
        await self.kill_sip()
        await self.talk(juliet, member, "no matter")
        nurse = await self.xmpp_in("nurse", "Nurse")
        await self.agree(["Juliet", "Nurse"], [juliet, nurse])
        await juliet.leave(self.room)
        await until(lambda: member.gone, 10, "the BYE")
        await self.agree(["Nurse"], [nurse])

    async def test_daemon_dies(self):
        """V-SEED0-3, SEED0-4: kill -9 of the whole: Juliet is told, her old
        dialog ended, a NOTIFY of her old subscription gets 481, and she can
        come in again."""
        juliet, member, _ = await self.juliet_in()
        await self.crash()
        end = await self.gone(juliet)
        self.assertIn(332, statuses(end), show(end))
        await until(lambda: member.gone, 20, "the BYE")
        self.assertEqual((await self.focus.notify(member)).status, 481)
        juliet.stanzas.clear()
        own = await juliet.join(self.room, "Juliet", timeout=20)
        self.assertIn(110, statuses(own), show(own))
        self.assertEqual(len([m for m in self.focus.members
                              if not m.gone]), 1)
        await self.talk(juliet, self.focus.members[-1], "again")


if __name__ == "__main__":
    main()
