"""A SIP conference with an MSRP switch (RFC 4579, RFC 7701), written from the
RFCs alone. What it does wrong, it does on demand: see Focus."""

import asyncio
from xml.sax.saxutils import escape, quoteattr

import cpim
import sdp
from msrp import Connection, MsrpSession
from sipmsg import NameAddr, token
from sipmsrp import CONFINFO, Heard
from sipstack import Dialog, Endpoint

ISFOCUS = ";isfocus"


class SwitchSession(MsrpSession):
    """Knows NICKNAME, and may keep silent."""

    member = None

    def received(self, frame):
        focus = self.member.focus
        if frame.method == "NICKNAME":
            nick = frame.get("Use-Nickname")[1:-1]
            nick = nick.replace('\\"', '"').replace("\\\\", "\\")
            status = focus.named(self.member, nick)
            if status:
                self._respond(frame, status, "")
            return
        if frame.method == "SEND" and frame.body and focus.silent:
            return
        super().received(frame)


    def report(self, message, status):
        """A failure (RFC 4975 §7.1.2)."""
        octets = len(message.body)
        self.connection.write(self.frame("REPORT", [
            ("Message-ID", message.id),
            ("Byte-Range", "1-%d/%d" % (octets, octets)),
            ("Status", "000 %d" % status)]).to_bytes())


class Switch(Connection):
    """A connection that any session of the focus may be on."""

    focus = None

    def _frame(self, frame):
        if frame.status is None:
            session = self.focus.sessions.get(frame.get("To-Path"))
            if session and session.connection is None:
                session.connection = self
                self.sessions.append(session)
        super()._frame(frame)


class Member:
    """Who has called: a dialog, a session, and maybe a subscription."""

    def __init__(self, focus, invite):
        self.focus, self.invite = focus, invite
        self.uri = invite.from_.uri
        self.name = NameAddr(invite.get("from")).name
        self.nick, self.heard, self.gone = None, [], None
        self.watcher = None     # the subscription's dialog
        self.version = 0
        self.referred = []

    @property
    def entity(self):
        return self.focus.entity(self.nick) if self.nick else self.uri

    def on_request(self, m):
        f = self.focus
        if m.method == "BYE":
            self.gone = m
            f.forget(self)
            return f.reply(m, 200, "OK")
        if m.method == "REFER":
            self.referred.append(m)
            f.spawn(f.tell_referrer(self, m))
            return f.reply(m, 202, "Accepted", [
                ("Contact", "<%s>" % f.contact)])
        if m.method == "SUBSCRIBE":
            return f.subscribed(m, self)
        if m.method == "INVITE" and f.mends:
            f.sessions.pop(self.session.local_path, None)
            self.dialog.refresh(m)
            return f.reply(m, 200, "OK", [
                ("Contact", "<%s>%s" % (f.contact, f.isfocus)),
                ("Content-Type", "application/sdp")],
                f.new_session(self, m).encode())
        return f.reply(m, 200, "OK")

    def on_message(self, message):
        if self.session.answer_with != 200:
            return
        if self.focus.report_with:
            self.session.report(message, self.focus.report_with)
            return
        heard = Heard(message)
        self.heard.append(heard)
        self.focus.said(self, heard)

    def texts(self):
        return [h.text for h in self.heard]


class Focus(Endpoint):
    """One room. Its faults:
    answer_with   (status, reason, headers) in place of a 200 to INVITE
    answer_after  seconds until the answer
    trying        100 before it
    tokens        a=chatroom, or None
    nicknames     the status of NICKNAME, None: none comes
    events        the status of SUBSCRIBE, None: none comes
    isfocus       in the Contact, or ""
    send_with     the status of SEND
    silent        no answer to SEND
    report_with   the status of a REPORT after its 200, and nobody hears it
    spoil         document -> the document that is sent
    partial       changes come as partial documents
    mends         a re-INVITE gets a new session; else nothing of use"""

    def __init__(self, room="sip:room@conf.test", **kw):
        super().__init__("focus", "tcp", **kw)
        self.room = room
        self.answer_with, self.answer_after, self.trying = None, 0, True
        self.tokens, self.isfocus = "nickname private-messages", ISFOCUS
        self.nicknames, self.events, self.send_with = 200, 200, 200
        self.silent, self.spoil, self.partial = False, None, False
        self.mends, self.report_with = False, None
        self.refer_result = 200
        self.subject = None
        self.members, self.invites, self.cancelled = [], [], []
        self.sessions, self.subscribes, self.strangers = {}, 0, []
        self.connections = []
        self.on_request = self.asked
        self.listener, self.msrp_port = None, None

    def entity(self, nick):
        return "%s;gr=%s" % (self.room, nick.replace(" ", "%20"))

    async def start(self):
        await super().start()
        self.listener = await asyncio.start_server(self._accepted_msrp,
                                                   self.host, 0)
        self.msrp_port = self.listener.sockets[0].getsockname()[1]

    async def _accepted_msrp(self, reader, writer):
        connection = Switch(reader, writer, None)
        connection.focus = self
        self.connections.append(connection)

    def drop_msrp(self):
        for connection in self.connections:
            connection.abort()
        self.connections.clear()

    def die(self):
        """Without a word, and forgetting everything."""
        self.drop_msrp()
        self.listener.close()
        for flow in list(self.streams.values()):
            flow.writer.transport.abort()
        self.close()
        self.members.clear()
        self.dialogs.clear()

    # Calls

    def asked(self, m):
        if m.method == "INVITE":
            self.invites.append(m)
            self.spawn(self.invited(m))
            return None
        if m.method == "CANCEL":
            self.cancelled.append(m)
            for invite in self.invites:
                if invite.branch == m.branch:
                    self.respond(invite, self.reply(
                        invite, 487, "Request Terminated", tag="cancelled"))
            return self.reply(m, 200, "OK")
        if m.method == "SUBSCRIBE":
            return self.subscribed(m, None)
        if m.method == "REFER":
            target = NameAddr(m.get("target-dialog") or "<x:>").uri
            member = next((x for x in self.members if x.dialog.call_id
                           in (m.get("target-dialog") or target)), None)
            if member:
                member.referred.append(m)
            self.spawn(self.tell_referrer(None, m))
            return self.reply(m, 202, "Accepted", [
                ("Contact", "<%s>" % self.contact)], tag="referred")
        return self.reply(m, 481, "Call Does Not Exist")

    async def invited(self, m):
        if self.trying:
            m.source.send(self.reply(m, 100, "Trying").to_bytes())
        await asyncio.sleep(self.answer_after)
        if any(c.branch == m.branch for c in self.cancelled):
            return
        if self.answer_with:
            status, reason, headers = self.answer_with
            self.respond(m, self.reply(m, status, reason, headers))
            return
        member = Member(self, m)
        answer = self.new_session(member, m)
        response = self.reply(m, 200, "OK", [
            ("Contact", "<%s>%s" % (self.contact, self.isfocus)),
            ("Content-Type", "application/sdp")], answer.encode())
        member.dialog = self.dialog_of(m, response)
        member.dialog.on_request = member.on_request
        self.members.append(member)
        self.respond(m, response)

    def new_session(self, member, m):
        """For the offer in m: our answer."""
        session = SwitchSession("msrp://%s:%d/%s;tcp" % (
            self.host, self.msrp_port, token(20)), self.violations, self.name)
        session.member, session.on_message = member, member.on_message
        session.answer_with = self.send_with
        session.set_peer(sdp.Sdp(m.body).chat.get("path"))
        self.sessions[session.local_path] = member.session = session
        return sdp.offer(session.local_path, self.msrp_port,
                         setup="passive", chatroom=self.tokens)

    def dialog_of(self, request, response):
        dialog = Dialog(self, request.call_id, response.get("to"),
                        request.get("from"))
        dialog.routes = request.values("record-route")
        dialog.refresh(request)
        dialog.confirmed = True
        dialog.remote_cseq = request.cseq[0]
        dialog.hop = lambda: self.way_to(request, dialog)
        return dialog

    def way_to(self, request, dialog):
        """By the connection that the request came by, while it is there."""
        peer = tuple(request.source.peer)
        return ("tcp",) + peer if peer in self.streams else Dialog.hop(dialog)

    def forget(self, member):
        if member in self.members:
            self.members.remove(member)
        self.sessions.pop(member.session.local_path, None)
        self.changed()

    async def expel(self, member, reason="SIP;cause=403;text=\"Enough\""):
        self.members.remove(member)
        await member.dialog.request("BYE", [("Reason", reason)])
        self.changed()

    # Names and rosters

    def named(self, member, nick):
        if self.nicknames != 200:
            return self.nicknames
        if any(x.nick == nick for x in self.members if x is not member) or \
                nick in self.strangers:
            return 425
        member.nick = nick
        self.changed()
        return 200

    def document(self, member, state="full"):
        member.version += 1
        users = "".join(
            "<user entity=%s state='full' xmlns:x='urn:ietf:params:xml:ns:"
            "xcon-conference-info' x:nickname=%s><display-text>%s"
            "</display-text><endpoint entity=%s><status>connected</status>"
            "</endpoint></user>" % (quoteattr(uri), quoteattr(nick),
                                    escape(nick), quoteattr(uri))
            for uri, nick in self.everybody())
        text = (
            "<conference-info xmlns='urn:ietf:params:xml:ns:conference-info' "
            "entity=%s state='%s' version='%d'><conference-description>%s"
            "</conference-description><users state='%s'>%s</users>"
            "</conference-info>" % (
                quoteattr(self.room), state, member.version,
                "<subject>%s</subject>" % escape(self.subject)
                if self.subject else "", "full", users))
        return self.spoil(text) if self.spoil else text

    def everybody(self):
        """(entity, name): who called, and who is said to be there."""
        return [(m.entity, m.nick or m.name or m.uri) for m in self.members] \
            + [(self.entity(n), n) for n in self.strangers]

    def subscribed(self, m, member):
        self.subscribes += 1
        if self.events is None:
            return None
        if self.events != 200:
            return self.reply(m, self.events, "No")
        for x in self.members:
            if member is None and x.uri == m.from_.uri and not x.gone:
                member = x
        if member is None:
            return self.reply(m, 403, "Forbidden")
        response = self.reply(m, 200, "OK", [
            ("Contact", "<%s>%s" % (self.contact, self.isfocus)),
            ("Expires", m.get("expires"))])
        if not m.to.tag:
            member.watcher = self.dialog_of(m, response)
            member.watcher.on_request = lambda r: self.subscribed(r, member)
        elif member.watcher is None:
            member.watcher = member.dialog
        over = m.get("expires") == "0"
        self.spawn(self.notify(member, over))
        if over:
            member.watcher = None
        return response

    async def notify(self, member, over=False, state="full"):
        watcher = member.watcher
        await asyncio.sleep(0)
        if watcher:
            return await watcher.request("NOTIFY", [
                ("Contact", "<%s>%s" % (self.contact, self.isfocus)),
                ("Event", "conference"),
                ("Subscription-State", "terminated;reason=timeout" if over
                 else "active;expires=3000"), ("Content-Type", CONFINFO)],
                self.document(member, state))

    def changed(self):
        for member in self.members:
            if member.watcher:
                self.spawn(self.notify(
                    member, state="partial" if self.partial else "full"))

    # Talking

    def said(self, sender, heard):
        """To all others, or to the one that To names (RFC 7701 §6.2)."""
        for member in self.members:
            if member is sender:
                continue
            if heard.to in (self.room, member.entity):
                self.spawn(self.pass_on(member, sender.entity, heard))

    async def pass_on(self, member, sender, heard):
        await self.tell(member, sender, heard.text, heard.to)

    async def tell(self, member, sender, text, to=None, name=""):
        """A message as from anybody; the response's status."""
        body = cpim.build(sender, to or self.room, text)
        if name:
            body = body.replace(b"From: <", b'From: "%s" <' % name.encode(), 1)
        return (await member.session.send(body)).status

    async def tell_all(self, sender, text, **kw):
        return [await self.tell(m, sender, text, **kw) for m in self.members]

    async def switch(self, sender, text):
        """The same octets to each who is connected."""
        octets = cpim.build(sender, self.room, text)
        for m in list(self.members):
            if m.session.connection:
                await m.session.send(octets)

    async def tell_referrer(self, member, refer):
        dialog = member.dialog if member else None
        if dialog is None:
            response = self.reply(refer, 202, "Accepted", tag="referred")
            dialog = self.dialog_of(refer, response)
        for status, state in ((100, "active;expires=60"),
                              (self.refer_result, "terminated")):
            await dialog.request("NOTIFY", [
                ("Contact", "<%s>" % self.contact), ("Event", "refer"),
                ("Subscription-State", state),
                ("Content-Type", "message/sipfrag;version=2.0")],
                "SIP/2.0 %d Result\r\n" % status)
