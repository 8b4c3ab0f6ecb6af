"""An XMPP user of slixmpp that keeps every stanza in the order it came."""

import asyncio
import itertools
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from slixmpp import ClientXMPP

from sipmsrp import until

CLIENT = "{jabber:client}"
MUC = "http://jabber.org/protocol/muc"
USER = "{http://jabber.org/protocol/muc#user}"
DELAY = "{urn:xmpp:delay}delay"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


def statuses(presence):
    """The status codes of a MUC stanza."""
    return {int(e.get("code")) for e in presence.iter(USER + "status")}


def item(presence):
    return presence.find(USER + "x/" + USER + "item")


def error_of(stanza):
    """(type, condition) of an error stanza, else None."""
    error = stanza.find(CLIENT + "error")
    if error is None:
        return None
    for child in error:
        if child.tag.startswith(STANZAS) and child.tag != STANZAS + "text":
            return error.get("type"), child.tag[len(STANZAS):]
    return error.get("type"), None


def body(message):
    return message.findtext(CLIENT + "body")


class XmppUser:
    def __init__(self, name, server, domain="x.test", password="secret",
                 resource="r"):
        self.name, self.server = name, server
        self.stanzas, self.answers, self.ids = [], {}, itertools.count(1)
        self.nicks = {}
        self.stream = ClientXMPP("%s@%s/%s" % (name, domain, resource), password)
        self.stream.plugin["feature_mechanisms"].unencrypted_plain = True
        self.stream.register_plugin("xep_0030")
        self.stream.register_plugin("xep_0199")
        self.stream.add_filter("in", self._record)
        self.ready = asyncio.Event()
        self.stream.add_event_handler("session_start",
                                      lambda _: self.ready.set())

    def _record(self, stanza):
        xml = getattr(stanza, "xml", None)
        if xml is not None and xml.tag in (CLIENT + "message",
                                           CLIENT + "presence", CLIENT + "iq"):
            self.stanzas.append(xml)
            future = self.answers.pop(xml.get("id"), None)
            if future and xml.get("type") in ("result", "error") \
                    and not future.done():
                future.set_result(xml)
        return stanza

    async def login(self):
        self.stream.connect(self.server, use_ssl=False, force_starttls=False,
                            disable_starttls=True)
        await asyncio.wait_for(self.ready.wait(), 40)
        self.send_raw("<presence/>")
        return self

    async def logout(self):
        if not self.stream.transport:
            return
        gone = self.stream.disconnect(wait=1)
        try:
            await asyncio.wait_for(gone, 3)
        except asyncio.TimeoutError:
            self.stream.abort()

    def kill(self):
        """Drops the TCP connection with no closing stream tag."""
        self.stream.transport.abort()

    def send_raw(self, xml):
        self.stream.send_raw(xml)

    def fresh_id(self):
        return "%s-%d" % (self.name, next(self.ids))

    @property
    def jid(self):
        return self.stream.boundjid.full

    # What came

    def presences(self, room=None):
        return [s for s in self.stanzas if s.tag == CLIENT + "presence" and
                (room is None or s.get("from").split("/")[0] == room)]

    def messages(self, room=None, kind=None):
        return [s for s in self.stanzas if s.tag == CLIENT + "message" and
                (room is None or s.get("from").split("/")[0] == room) and
                (kind is None or s.get("type", "normal") == kind)]

    def chat(self, room):
        """Groupchat messages with a body, live and old."""
        return [m for m in self.messages(room, "groupchat")
                if body(m) is not None and "/" in m.get("from")]

    def texts(self, room):
        return [body(m) for m in self.chat(room)]

    def roster(self, room):
        """Who is in, by the presences so far: nick -> last presence."""
        here = {}
        for p in self.presences(room):
            bare, _, nick = p.get("from").partition("/")
            if p.get("type") == "unavailable":
                here.pop(nick, None)
                if 110 in statuses(p) and 303 not in statuses(p):
                    here = {}
            elif p.get("type") is None and nick:
                here[nick] = p
        return here

    def names(self, room):
        return sorted(self.roster(room))

    # Doing

    async def iq(self, kind, to, payload, timeout=30):
        ident = self.fresh_id()
        future = self.answers[ident] = asyncio.get_running_loop().create_future()
        self.send_raw("<iq type='%s' to=%s id='%s'>%s</iq>" % (
            kind, quoteattr(to), ident, payload))
        return await asyncio.wait_for(future, timeout)

    def presence(self, to, payload="", kind=None, ident=None):
        ident = ident or self.fresh_id()
        self.send_raw("<presence to=%s id='%s'%s>%s</presence>" % (
            quoteattr(to), ident, " type='%s'" % kind if kind else "", payload))
        return ident

    async def answer_to(self, ident, timeout=15):
        """The stanza that came back with this id."""
        def find():
            return next((s for s in self.stanzas if s.get("id") == ident), None)
        return await until(find, timeout, "an answer to %s" % ident)

    async def join(self, room, nick=None, history=None, instant=True,
                   timeout=15):
        """The self-presence, or the error presence. A new room is opened as
        it stands (XEP-0045 §10.1.2)."""
        nick = nick or self.name
        start = len(self.stanzas)
        payload = "" if history is None else "<history %s/>" % history
        ident = self.presence(room + "/" + nick,
                              "<x xmlns='%s'>%s</x>" % (MUC, payload))

        def mine():
            for s in self.stanzas[start:]:
                if s.tag != CLIENT + "presence" or \
                        s.get("from").split("/")[0] != room:
                    continue
                if s.get("type") == "error" or 110 in statuses(s):
                    return s
            return None
        own = await until(mine, timeout, "%s in %s" % (nick, room))
        if own.get("type") == "error":
            return own
        self.nicks[room] = own.get("from").partition("/")[2]
        if 201 in statuses(own) and instant:
            await self.open_room(room)
        return own

    async def open_room(self, room):
        return await self.iq(
            "set", room, "<query xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query>")

    async def leave(self, room):
        start = len(self.stanzas)
        self.presence(room + "/" + self.nicks[room], kind="unavailable")
        return await until(lambda: next((
            s for s in self.stanzas[start:] if s.tag == CLIENT + "presence" and
            s.get("type") == "unavailable" and 110 in statuses(s)), None),
            15, "leaving " + room)

    def send_message(self, to, payload, kind="groupchat", ident=None):
        ident = ident or self.fresh_id()
        self.send_raw("<message to=%s type='%s' id='%s'>%s</message>" % (
            quoteattr(to), kind, ident, payload))
        return ident

    def say(self, room, text, ident=None):
        return self.send_message(room, "<body>%s</body>" % escape(text),
                                 ident=ident)

    def whisper(self, room, nick, text):
        return self.send_message(
            room + "/" + nick, "<body>%s</body><x xmlns='%s'/>"
            % (escape(text), USER[1:-1]), "chat")

    def set_subject(self, room, text):
        return self.send_message(room, "<subject>%s</subject>" % escape(text))

    def change_nick(self, room, nick):
        return self.presence(room + "/" + nick)

    async def ping(self, to):
        return await self.iq("get", to, "<ping xmlns='urn:xmpp:ping'/>")

    async def disco(self, to, what="info", node=None):
        return await self.iq(
            "get", to, "<query xmlns='http://jabber.org/protocol/disco#%s'%s/>"
            % (what, " node=%s" % quoteattr(node) if node else ""))


def show(stanza):
    return ET.tostring(stanza, "unicode")
