"""Moderators, owners and members on a real Prosody, with SIP users as victims
and as watchers. The lists and forms are slixmpp's own."""

from slixmpp import JID
from slixmpp.exceptions import IqError

from bed import XmppBed, main, until
from sipmsrp import Refused
from xmppuser import CLIENT, USER, error_of, item, show, statuses

OWNER = "http://jabber.org/protocol/muc#owner"
ADMIN = "http://jabber.org/protocol/muc#admin"
DATA = "jabber:x:data"
REASON = USER + "reason"


class ModerationTest(XmppBed):
    async def xmpp_in(self, *args, **kw):
        user = await super().xmpp_in(*args, **kw)
        for plugin in ("xep_0004", "xep_0045", "xep_0077"):
            user.stream.register_plugin(plugin)
        user.muc = user.stream.plugin["xep_0045"]
        return user

    async def gone(self, user, nick):
        """The presence with which this nickname went away."""
        return await until(lambda: next((
            p for p in user.presences(self.room)
            if p.get("type") == "unavailable" and
            p.get("from") == self.room + "/" + nick), None),
            10, "%s gone at %s" % (nick, user.name))

    async def told(self, user, code):
        await until(lambda: any(code in statuses(m)
                                for m in user.messages(self.room)),
                    10, "%d at %s" % (code, user.name))

    async def admin(self, user, *items):
        return await user.iq("set", self.room, "<query xmlns='%s'>%s</query>"
                             % (ADMIN, "".join(items)))

    async def three(self):
        romeo = await self.xmpp_in("romeo", "Romeo")
        juliet = await self.xmpp_in("juliet", "Juliet")
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        await self.agree(["Romeo", "Juliet", "Alice", "Bob"],
                         [romeo, juliet], [alice, bob])
        return romeo, juliet, alice, bob

    async def test_kick_sip_user(self):
        """ADM-4: BYE with the reason, 307 for all, booted on SIP's rosters."""
        romeo, juliet, alice, bob = await self.three()
        await romeo.muc.set_role(JID(self.room), "Alice", "none",
                                 reason="too loud")
        bye = await until(lambda: alice.call.ended, 10, "a BYE")
        self.assertIn("too loud", bye.get("reason"))
        gone = await self.gone(juliet, "Alice")
        self.assertIn(307, statuses(gone))
        self.assertEqual(gone.find(".//" + REASON).text, "too loud")
        self.assertEqual(gone.find(".//" + USER + "actor").get("nick"), "Romeo")
        await self.agree(["Romeo", "Juliet", "Bob"], [romeo, juliet], [bob])
        with self.assertRaises(IqError) as refused:
            await juliet.muc.set_role(JID(self.room), "Bob", "none")
        self.assertEqual(refused.exception.condition, "forbidden")

    async def test_kick_xmpp_user(self):
        """ADM-4, X2S-26: all clients of the victim, and the result before the
        presence at the moderator."""
        romeo, juliet, alice, bob = await self.three()
        phone = await self.xmpp("juliet", resource="phone")
        await phone.join(self.room, "Juliet")
        start = len(romeo.stanzas)
        answer = await self.admin(
            romeo, "<item nick='Juliet' role='none'/>")
        self.assertEqual(answer.get("type"), "result", show(answer))
        for client in (juliet, phone):
            own = await self.gone(client, "Juliet")
            self.assertLessEqual({110, 307}, statuses(own))
        await self.gone(romeo, "Juliet")
        kinds = [s.tag for s in romeo.stanzas[start:]
                 if s.tag == CLIENT + "iq" or s.get("type") == "unavailable"]
        self.assertEqual(kinds, [CLIENT + "iq", CLIENT + "presence"])
        await self.agree(["Romeo", "Alice", "Bob"], [romeo], [alice, bob])

    async def test_voice(self):
        """ADM-1, ADM-5, ADM-13, ADM-17: a moderated room, a request for voice
        and its approval; a SIP user is muted and given a voice."""
        romeo, juliet, alice, bob = await self.three()
        answer = await self.configure(romeo, moderatedroom="1")
        self.assertEqual(answer.get("type"), "result", show(answer))
        await self.told(juliet, 104)
        await until(lambda: "observer" in
                    (bob.roster.by_name("Alice") or bob).roles, 10,
                    "an observer")
        self.assertEqual(await alice.say("may I?"), 403)
        await romeo.muc.set_role(JID(self.room), "Alice", "participant")
        await until(lambda: "participant" in bob.roster.by_name("Alice").roles,
                    10, "a participant")
        self.assertEqual(await alice.say("thanks"), 200)
        await self.read(romeo, "thanks")
        juliet.send_message(self.room, self.form(
            "submit", "muc#request", {"muc#role": "participant"}), "normal")
        asked = await until(lambda: next((
            m for m in romeo.messages(self.room)
            if m.find("{%s}x" % DATA) is not None), None), 10, "a request")
        fields = {f.get("var"): f.findtext("{%s}value" % DATA)
                  for f in asked.iter("{%s}field" % DATA)}
        self.assertEqual(fields["muc#roomnick"], "Juliet")
        fields["muc#request_allow"] = "1"
        fields.pop("FORM_TYPE")
        romeo.send_message(self.room, self.form("submit", "muc#request",
                                                fields), "normal")
        await until(lambda: item(juliet.roster(self.room)["Juliet"]).get("role")
                    == "participant", 10, "a voice")

    @staticmethod
    def form(kind, what, fields):
        return "<x xmlns='%s' type='%s'><field var='FORM_TYPE'><value>" \
            "http://jabber.org/protocol/%s</value></field>%s</x>" % (
                DATA, kind, what, "".join(
                    "<field var='%s'><value>%s</value></field>" % f
                    for f in fields.items()))

    async def configure(self, user, **fields):
        return await user.iq(
            "set", self.room, "<query xmlns='%s'>%s</query>" % (
                OWNER, self.form("submit", "muc#roomconfig", {
                    "muc#roomconfig_" + k: v for k, v in fields.items()})))

    async def test_ban(self):
        """ADM-6, ADM-9: a SIP user by address, an XMPP user by JID; 403 and
        forbidden at the door; the lists; all or nothing."""
        romeo, juliet, alice, bob = await self.three()
        await romeo.muc.set_affiliation(
            JID(self.room), "outcast", jid=JID("alice@sip.test"), reason="no")
        await until(lambda: alice.call.ended, 10, "a BYE")
        self.assertIn(301, statuses(await self.gone(juliet, "Alice")))
        again = await self.sip("alice")
        with self.assertRaises(Refused) as refused:
            await again.invite(self.uri)
        self.assertEqual(refused.exception.status, 403)
        answer = await self.admin(
            romeo, "<item affiliation='outcast' jid='juliet@x.test'/>",
            "<item affiliation='outcast' jid='romeo@x.test'/>")
        self.assertEqual(error_of(answer), ("cancel", "conflict"))
        self.assertIn("Juliet", romeo.names(self.room))
        await self.admin(
            romeo, "<item affiliation='outcast' jid='juliet@x.test'/>")
        self.assertLessEqual({110, 301}, statuses(await self.gone(
            juliet, "Juliet")))
        error = await juliet.join(self.room, "Juliet")
        self.assertEqual(error_of(error), ("auth", "forbidden"))
        banned = await romeo.muc.get_affiliation_list(JID(self.room),
                                                      "outcast")
        self.assertEqual(sorted(str(j) for j in banned),
                         ["alice@sip.test", "juliet@x.test"])
        await self.agree(["Romeo", "Bob"], [romeo], [bob])

    async def test_members_only(self):
        """ADM-7: strangers of both kinds leave (322), a new member is invited
        and leaves again with 321."""
        romeo, juliet, alice, bob = await self.three()
        await self.admin(
            romeo, "<item affiliation='member' jid='bob@sip.test'/>")
        await self.configure(romeo, membersonly="1")
        await until(lambda: alice.call.ended, 10, "a BYE")
        self.assertIn(322, statuses(await self.gone(juliet, "Juliet")))
        await self.agree(["Romeo", "Bob"], [romeo], [bob])
        await self.admin(
            romeo, "<item affiliation='member' jid='juliet@x.test'/>")
        await until(lambda: any(m.find(".//" + USER + "invite") is not None
                                for m in juliet.messages()), 10,
                    "an invitation")
        await juliet.join(self.room, "Juliet")
        await self.agree(["Romeo", "Juliet", "Bob"], [romeo, juliet], [bob])
        await self.admin(
            romeo, "<item affiliation='none' jid='juliet@x.test'/>")
        await self.agree(["Romeo", "Bob"], [romeo], [bob])
        await until(lambda: {110, 321} <= statuses(
            juliet.presences(self.room)[-1]), 10, "321")

    async def test_form(self):
        """ADM-13, ADM-14, ADM-15, PRIV-1: slixmpp reads the form, fills it and
        sends it back."""
        romeo, juliet, alice, bob = await self.three()
        form = await romeo.muc.get_room_config(JID(self.room))
        fields = form.get_fields()
        for name in ("roomname", "roomdesc", "lang", "enablelogging",
                     "changesubject", "allowinvites", "allowpm", "maxusers",
                     "publicroom", "persistentroom", "moderatedroom",
                     "membersonly", "passwordprotectedroom", "roomsecret",
                     "whois", "roomadmins", "roomowners"):
            self.assertIn("muc#roomconfig_" + name, fields)
        values = form.get_values()
        values["muc#roomconfig_roomname"] = "Verona"
        values["muc#roomconfig_whois"] = "anyone"
        form.reply()
        form["type"] = "submit"
        form.set_values(values)
        await romeo.muc.set_room_config(JID(self.room), form)
        await self.told(juliet, 172)
        await until(lambda: any("real addresses" in n.text
                                for n in alice.call.notices), 10, "a notice")
        nurse = await self.xmpp_in("nurse", "Nurse")
        own = nurse.roster(self.room)["Nurse"]
        self.assertLessEqual({100, 110}, statuses(own))
        self.assertTrue(item(nurse.roster(self.room)["Juliet"])
                        .get("jid").startswith("juliet@x.test/"))
        answer = await self.configure(romeo, passwordprotectedroom="1",
                                      roomsecret="")
        self.assertEqual(error_of(answer), ("modify", "not-acceptable"))

    async def test_destroy(self):
        """ADM-16: with another room, for both kinds of users."""
        romeo, juliet, alice, bob = await self.three()
        await romeo.muc.destroy(JID(self.room), reason="plague",
                                altroom="mantua@chat.test")
        gone = await self.gone(juliet, "Juliet")
        self.assertEqual(gone.find(".//" + USER + "destroy").get("jid"),
                         "mantua@chat.test")
        for user in (alice, bob):
            bye = await until(lambda: user.call.ended, 10, "a BYE")
            self.assertIn("plague", bye.get("reason"))
        error = await juliet.disco(self.room)
        self.assertEqual(error_of(error), ("cancel", "item-not-found"))

    async def test_registration(self):
        """ADM-18, DISCO-11: a nickname of one's own, not for SIP users
        either."""
        romeo, juliet, alice, bob = await self.three()
        answer = await juliet.iq(
            "set", self.room, "<query xmlns='jabber:iq:register'>%s</query>"
            % self.form("submit", "muc#register",
                        {"muc#register_roomnick": "Capulet"}))
        self.assertEqual(answer.get("type"), "result", show(answer))
        mine = await juliet.disco(self.room, node="x-roomuser-item")
        self.assertEqual([e.get("name") for e in mine.iter(
            "{http://jabber.org/protocol/disco#info}identity")], ["Capulet"])
        self.assertEqual(await alice.nick("Capulet"), 425)
        await until(lambda: item(romeo.roster(self.room)["Juliet"]).get(
            "affiliation") == "member", 10, "a member")
        answer = await juliet.iq("set", self.room, "<query xmlns='jabber:iq:"
                                 "register'><remove/></query>")
        self.assertEqual(answer.get("type"), "result", show(answer))
        self.assertEqual(await alice.nick("Capulet"), 200)


if __name__ == "__main__":
    main()
