"""Three SIP users and three XMPP users, one with two clients, do 1,000 things
at random, one after the other. After each, all of them see the room that the
model says: the people with role and affiliation, the subject, and the same
messages in the same order.

STOX_SEED=N takes another walk, STOX_STEPS=N makes it shorter or longer."""

import asyncio
import os
import random
from xml.sax.saxutils import quoteattr

import cpim
from bed import Ejabberd, Stoxd, XmppBed, main, until
from sipmsrp import Refused
from walkmodel import (ADMIN, AFFILIATIONS, GONE, MODERATOR, OUTCAST, OWNER,
                       PARTICIPANT, ROLES, VISITOR, NONE, Room, Seat)
from xmppuser import CLIENT, MUC, body, error_of, item, show, statuses

SEED = int(os.environ.get("STOX_SEED") or 1)
STEPS = int(os.environ.get("STOX_STEPS") or 1000)
NICKS = ("Ann", "ann", "Ben J", "\u0130rem", "Cy \u2603", "Dee", "Eve & Co")
PASSWORDS = ("", "", "sesame")
POWERS = ("kick", "role", "affiliate", "configure")
OWNER_NS, ADMIN_NS = MUC + "#owner", MUC + "#admin"


class XmppWalker(Seat):
    def __init__(self, test, name, resource):
        super().__init__(name, False)
        self.test, self.resource, self.client = test, resource, None
        self.forget()

    def forget(self):
        self.roster, self.topic, self.own = {}, None, None
        self.heard, self.whispers = [], []

    async def start(self):
        self.client = await self.test.xmpp(self.user, self.resource)
        self.done = 0

    def look(self):
        """Takes what has come since the last look."""
        new = self.client.stanzas[self.done:]
        self.done += len(new)
        for stanza in new:
            room, _, nick = (stanza.get("from") or "").partition("/")
            if room != self.test.room or stanza.get("type") == "error":
                continue
            if stanza.tag == CLIENT + "presence":
                self.see_presence(stanza, nick)
            elif stanza.tag == CLIENT + "message":
                self.see_message(stanza)

    def see_presence(self, stanza, nick):
        codes = statuses(stanza)
        if stanza.get("type") == "unavailable":
            self.roster.pop(nick)
            if 110 in codes:
                self.own = item(stanza).get("nick") if 303 in codes else None
            return
        what = item(stanza)
        self.roster[nick] = (ROLES.index(what.get("role")),
                             AFFILIATIONS.index(what.get("affiliation")))
        if 110 in codes:
            self.own = nick

    def see_message(self, stanza):
        text = body(stanza)
        if stanza.get("type") == "chat" and text:
            self.whispers.append(text)
        elif text:
            self.heard.append(text)
        elif stanza.find(CLIENT + "subject") is not None:
            self.topic = stanza.findtext(CLIENT + "subject") or ""

    def wrong(self, room):
        self.look()
        if self.own != (self.person and self.person.nick):
            return "is %s, not %s" % (self.own,
                                      self.person and self.person.nick)
        if not self.person:
            return None
        want = {p.nick: (p.role, p.affiliation) for p in room.people}
        return differs("people", self.roster, want) or \
            differs("subject", self.topic, room.subject) or \
            differs("messages", self.heard, self.hears) or \
            differs("private messages", self.whispers, self.private)

    async def refusal(self, ident):
        """The condition of the error that answers this stanza."""
        def find():
            return next((s for s in self.client.stanzas[self.begin:]
                         if s.get("id") == ident and s.get("type") == "error"),
                        None)
        return error_of(await until(find, 15, "an error"))[1]

    async def ask(self, ident, refused):
        if refused:
            condition = await self.refusal(ident)
            if refused is not True:
                self.test.assertEqual(condition, refused)

    def presence(self, nick, payload="", kind=None):
        return self.client.presence(self.test.room + "/" + nick,
                                    payload, kind)

    async def enter(self, nick, password, refused):
        self.forget()
        ident = self.presence(nick, "<x xmlns='%s'><password>%s</password></x>"
                              % (MUC, password))
        if refused:
            await self.ask(ident, refused)
            return
        await until(lambda: self.look() or self.own, 15, "the room")
        own = next(s for s in reversed(self.client.stanzas)
                   if 110 in statuses(s))
        if 201 in statuses(own):
            await self.client.open_room(self.test.room)

    async def leave(self):
        self.presence(self.own, kind="unavailable")

    async def vanish(self):
        self.test.xmpp_users.remove(self.client)
        self.client.kill()
        self.client, self.own = None, None
        await self.start()

    async def rename(self, nick, refused):
        await self.ask(self.presence(nick), refused)

    async def say(self, text, refused):
        await self.ask(self.client.say(self.test.room, text), refused)

    async def whisper(self, person, text):
        self.client.whisper(self.test.room, person.nick, text)

    async def set_subject(self, text, refused):
        await self.ask(self.client.set_subject(self.test.room, text), refused)

    async def query(self, namespace, inner, refused):
        answer = await self.client.iq(
            "set", self.test.room,
            "<query xmlns='%s'>%s</query>" % (namespace, inner))
        self.test.assertEqual(answer.get("type") == "error", refused,
                              show(answer))


class SipWalker(Seat):
    def __init__(self, test, name):
        super().__init__(name, True)
        self.test, self.call = test, None

    async def start(self):
        self.client = await self.test.sip(
            self.user, transport="udp" if self.user == "carol" else None)

    def wrong(self, room):
        inside = self.call is not None and not self.call.ended
        if inside != (self.person is not None):
            return "is still in" if inside else "is out"
        if not inside:
            return None
        roster = self.client.roster
        people = {u.name: sorted(u.roles) for u in roster.users.values()}
        want = {p.nick: sip_roles(p) for p in room.people}
        return differs("people", people, want) or \
            differs("count", roster.user_count, len(want)) or \
            differs("subject", roster.subject or "", room.subject) or \
            self.wrong_messages()

    def wrong_messages(self):
        new = self.call.heard[self.done:]
        self.done += len(new)
        for heard in new:
            if heard.text and heard.sender != self.test.uri:
                (self.whispers if heard.text.startswith("p") else
                 self.heard).append(heard.text)
        return differs("messages", self.heard, self.hears) or \
            differs("private messages", self.whispers, self.private)

    async def enter(self, nick, password, refused):
        self.heard, self.whispers, self.done = [], [], 0
        try:
            await self.client.join(self.test.uri)
            self.call = self.client.call
            self.test.assertIsNone(refused)
        except Refused as e:
            self.test.assertTrue(refused)
            self.test.assertEqual(e.status, 403)

    async def leave(self):
        await self.client.leave()

    async def come_back(self):
        """ABN-1: within 10 s he has missed nothing."""
        session = self.call.msrp
        session.connection.abort()
        await asyncio.sleep(0.3)     # by then stoxd knows
        response = await self.client.reinvite()
        self.test.assertEqual(response.status, 200)
        self.client.read_answer(self.call, response)
        await self.client.connect_msrp(session)

    async def rename(self, nick, refused):
        self.test.assertEqual(await self.client.nick(nick),
                              425 if refused else 200)

    async def say(self, text, refused):
        self.test.assertEqual(await self.client.say(text),
                              403 if refused else 200)

    async def whisper(self, person, text):
        entity = self.client.roster.by_name(person.nick).entity
        self.test.assertEqual(await self.client.whisper(entity, text), 200)

    async def set_subject(self, text, refused):
        entity = cpim.build(self.client.aor, self.test.uri, b"",
                            headers=[("Subject", text)])
        response = await self.call.msrp.send(entity)
        self.test.assertEqual(response.status, 403 if refused else 200)

    async def kick(self, person, refused):
        """V-FOCUS-2: REFER for a BYE."""
        entity = self.client.roster.by_name(person.nick).entity
        response = await self.call.dialog.request("REFER", [
            ("Contact", "<%s>" % self.client.contact),
            ("Refer-To", "<%s;method=BYE>" % entity), ("Refer-Sub", "false")])
        self.test.assertEqual(response.status, 403 if refused else 200)


def sip_roles(person):
    own = [{VISITOR: "observer", PARTICIPANT: "participant",
            MODERATOR: "moderator"}[person.role]]
    return sorted(own + ["administrator"] * (person.affiliation >= ADMIN))


def differs(what, seen, want):
    return None if seen == want else "%s: %s, not %s" % (
        what, seen if what == "people" else str(seen)[-200:],
        want if what == "people" else str(want)[-200:])


class Walk:
    async def test_walk(self):
        """X2S-24, X2S-26, X2S-32, EVENT-17, EVENT-30, V-EVENT-4, NICK-10."""
        print("seed %d" % SEED, flush=True)
        self.dice, self.texts, self.trail = random.Random(SEED), 0, []
        self.seats = [
            SipWalker(self, "alice"), XmppWalker(self, "romeo", "one"),
            SipWalker(self, "bob"), XmppWalker(self, "juliet", "one"),
            SipWalker(self, "carol"), XmppWalker(self, "nurse", "one"),
            XmppWalker(self, "romeo", "two")]
        self.model = Room(self.seats)
        for seat in self.seats:
            await seat.start()
        try:
            while len(self.trail) < STEPS:
                await self.step(self.dice.choice(self.seats))
        except Exception as e:
            raise AssertionError("seed %d: %s\n%s" % (
                SEED, e, "\n".join(self.trail[-30:]))) from e

    async def step(self, seat):
        deeds = (("say", 12), ("rename", 5), ("whisper", 3), ("subject", 2),
                 ("leave", 3), ("vanish", 1), ("kick", 3), ("role", 2),
                 ("affiliate", 3), ("configure", 2), ("destroy", 1))
        name = "enter" if not seat.person else self.dice.choices(
            [d for d, _ in deeds], [n for _, n in deeds])[0]
        if name in POWERS and self.dice.randrange(4):
            seat = self.powerful() or seat
        if not seat.sip:
            seat.begin = len(seat.client.stanzas)
        self.trail.append("%d %s: %s" % (len(self.trail) + 1, seat.user, name))
        await getattr(self, name)(seat)
        await until(self.agreed, 20, self.disagreement)

    def powerful(self):
        """Somebody who may do what most may not."""
        seats = [s for s in self.seats
                 if s.person and s.person.role == MODERATOR and not s.sip]
        return self.dice.choice(seats) if seats else None

    def note(self, fmt, *args):
        self.trail[-1] += " " + fmt % args

    def agreed(self):
        return not any(s.wrong(self.model) for s in self.seats)

    def disagreement(self):
        return "agreement: " + "; ".join(
            "%s %s" % (s.user, why) for s in self.seats
            if (why := s.wrong(self.model)))

    def nick(self, seat):
        """One of which it is sure whether he may have it."""
        while True:
            nick = self.dice.choice(NICKS + ("Guest %d" % (
                self.dice.randrange(200)),) * len(NICKS))
            if self.model.kept_for_another(seat.user, nick) is not None:
                return nick

    def text(self, kind):
        self.texts += 1
        return "%s%d" % (kind, self.texts)

    def anybody(self):
        return self.dice.choice(self.model.people)

    # What they do

    async def enter(self, seat):
        nick = seat.user if seat.sip else self.nick(seat)
        other = self.model.of_user(seat.user)
        if other and self.dice.randrange(2):
            nick = other.nick
        password = "" if seat.sip else self.dice.choice(
            (self.model.rules["roomsecret"], "wrong"))
        refused = self.model.admits(seat, nick, password)
        self.note("as %s %s", nick, refused)
        if not refused:
            self.model.join(seat, nick)
        await seat.enter(nick, password, refused)

    async def leave(self, seat):
        self.model.leave(seat)
        await seat.leave()

    async def vanish(self, seat):
        if seat.sip:
            await seat.come_back()
        else:
            self.model.leave(seat)
            await seat.vanish()

    async def rename(self, seat):
        nick = self.nick(seat)
        done = self.model.may_rename(seat, nick)
        self.note("%s %s", nick, done)
        if done:
            self.model.rename(seat, nick)
        await seat.rename(nick, not done)

    async def say(self, seat):
        text = self.text("m")
        done = seat.person.role >= PARTICIPANT
        self.note("%s %s", text, done)
        if done:
            self.model.say(seat, text)
        await seat.say(text, not done)

    async def whisper(self, seat):
        person = self.anybody()
        if person.user != seat.user:
            text = self.text("p")
            self.note("%s to %s", text, person.nick)
            self.model.whisper(person, text)
            await seat.whisper(person, text)

    async def subject(self, seat):
        # never the one that it has: nobody could tell when that has come
        text = self.dice.choice((self.text("s"),
                                 "" if self.model.subject else self.text("s")))
        done = seat.person.role >= (
            PARTICIPANT if self.model.rules["changesubject"] else MODERATOR)
        self.note("%s %s", text, done)
        if done:
            self.model.subject = text
        await seat.set_subject(text, not done)

    async def kick(self, seat):
        person = self.anybody()
        done = self.model.may_set_role(seat, person, GONE)
        if not seat.sip:
            await self.set_role(seat, person, GONE)
        elif person.user != seat.user:
            self.note("%s %s", person.nick, done)
            # a moderator gets 200 for those above him, too (FOCUS-33)
            await seat.kick(person, seat.person.role < MODERATOR)
            if done:
                self.model.expel(person)

    async def role(self, seat):
        if not seat.sip:
            await self.set_role(seat, self.anybody(), self.dice.choice(
                (VISITOR, PARTICIPANT, MODERATOR)))

    async def set_role(self, seat, person, to):
        done = self.model.may_set_role(seat, person, to)
        self.note("%s %s %s", person.nick, ROLES[to], done)
        inner = "<item role='%s' nick=%s/>" % (ROLES[to],
                                               quoteattr(person.nick))
        if done and to == GONE:
            self.model.expel(person)
        elif done:
            person.role, person.role_set = to, True
        await seat.query(ADMIN_NS, inner, not done)

    async def affiliate(self, seat):
        user = self.dice.choice(self.seats)
        to = self.dice.choice((OUTCAST, NONE, NONE, 2, 2, ADMIN, OWNER, OWNER))
        if seat.sip:
            return
        done = self.model.may_affiliate(seat, user.user, to)
        self.note("%s %s %s", user.user, AFFILIATIONS[to], done)
        inner = "<item affiliation='%s' jid='%s@%s'/>" % (
            AFFILIATIONS[to], user.user, "sip.test" if user.sip else "x.test")
        if done:
            self.model.affiliate(user.user, to)
        await seat.query(ADMIN_NS, inner, not done)

    async def configure(self, seat):
        if seat.sip:
            return
        done = self.model.affiliation(seat.user) == OWNER
        rules = dict(self.model.rules)
        name = self.dice.choice(sorted(rules))
        rules[name] = self.dice.choice(PASSWORDS) if name == "roomsecret" \
            else self.dice.random() < 0.4
        self.note("%s=%s %s", name, rules[name], done)
        if done:
            self.model.rules = rules
            self.model.review()
        fields = {k: str(v) if k == "roomsecret" else str(int(v))
                  for k, v in rules.items()}
        fields["passwordprotectedroom"] = str(int(bool(rules["roomsecret"])))
        await seat.query(OWNER_NS, "<x xmlns='jabber:x:data' type='submit'>"
                         "<field var='FORM_TYPE'><value>%s#roomconfig</value>"
                         "</field>%s</x>" % (MUC, "".join(
                             "<field var='muc#roomconfig_%s'><value>%s</value>"
                             "</field>" % f for f in fields.items())), not done)

    async def destroy(self, seat):
        if seat.sip or self.dice.randrange(3):
            return
        done = self.model.affiliation(seat.user) == OWNER
        self.note("%s", done)
        if done:
            self.model.end()
        await seat.query(OWNER_NS, "<destroy/>", not done)


class FastStoxd(Stoxd):
    """For users who do more than people can."""

    message_rate = 0
    more_limits = "join-rate = 0"


class ProsodyWalk(Walk, XmppBed):
    stoxd_class = FastStoxd


class EjabberdWalk(Walk, XmppBed):
    stoxd_class = FastStoxd
    server_class = Ejabberd


if __name__ == "__main__":
    main()
