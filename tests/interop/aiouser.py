"""An XMPP user of aioxmpp. What he knows of a room is what the library's own
MUC service tells: it keeps the occupants, tracks reflections and fills forms.
The interface is that of librarycore.py."""

import asyncio
import logging

import aioxmpp
import aioxmpp.connector
import aioxmpp.dispatcher
import aioxmpp.security_layer

from librarycore import Message, Refused
from sipmsrp import until

logging.getLogger("aioxmpp").setLevel(logging.CRITICAL)


class AioRoom:
    def __init__(self, room):
        self.room, self.messages, self.trackers = room, [], {}
        self.renamed, self.left, self.exit = [], {}, None
        self.subject = None
        room.on_message.connect(self._message)
        room.on_nick_changed.connect(self._renamed)
        room.on_leave.connect(self._left)
        room.on_exit.connect(self._exit)
        room.on_topic_changed.connect(self._topic)

    def _message(self, message, member, source, tracker=None, **_):
        if tracker is None:
            self.messages.append(Message(
                message.from_.resource, message.body.any(),
                bool(message.xep0203_delay), message.id_))

    def _renamed(self, member, old_nick, new_nick, **_):
        self.renamed.append((old_nick, new_nick))

    def _left(self, member, muc_leave_mode=None, muc_reason=None, **_):
        self.left[member.nick] = (muc_leave_mode.name.lower(), muc_reason)

    def _exit(self, muc_leave_mode=None, muc_reason=None, **_):
        self.exit = (muc_leave_mode.name.lower(), muc_reason)

    def _topic(self, member, new_topic, **_):
        self.subject = new_topic.any() or ""


class AioUser:
    def __init__(self, name, port):
        self.name, self.rooms, self.whispers = name, {}, []

        async def password(jid, attempt):
            return "secret" if attempt == 0 else None
        layer = aioxmpp.make_security_layer(password)
        self.client = aioxmpp.PresenceManagedClient(
            aioxmpp.JID(name, "x.test", "aio"),
            layer._replace(tls_required=False), override_peer=[
                ("127.0.0.1", port, aioxmpp.connector.STARTTLSConnector())])
        self.muc = self.client.summon(aioxmpp.MUCClient)
        dispatcher = self.client.summon(
            aioxmpp.dispatcher.SimpleMessageDispatcher)
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None,
                                     self._whispered)

    def _whispered(self, message):
        self.whispers.append(Message(message.from_.resource,
                                     message.body.any(), False, message.id_))

    async def login(self):
        established = asyncio.get_running_loop().create_future()
        self.client.on_stream_established.connect(
            established, self.client.on_stream_established.AUTO_FUTURE)
        self.client.presence = aioxmpp.PresenceState(True)
        await asyncio.wait_for(established, 40)
        return self

    async def logout(self):
        if not self.client.running:
            return
        stopped = asyncio.get_running_loop().create_future()
        self.client.on_stopped.connect(
            stopped, self.client.on_stopped.AUTO_FUTURE)
        self.client.stop()
        await asyncio.wait_for(stopped, 5)

    async def join(self, room, nick, history=None):
        """Raises Refused."""
        conversation, joined = self.muc.join(
            aioxmpp.JID.fromstr(room), nick, history=None if history is None
            else aioxmpp.muc.xso.History(maxstanzas=history))
        self.rooms[room] = AioRoom(conversation)
        try:
            await asyncio.wait_for(joined, 30)
        except aioxmpp.errors.XMPPError as error:
            raise Refused(self.condition(error)) from error

    @staticmethod
    def condition(error):
        return error.condition.value[1]

    async def leave(self, room):
        await asyncio.wait_for(self.rooms[room].room.leave(), 30)

    def people(self, room):
        return {m.nick: (m.affiliation, m.role)
                for m in self.rooms[room].room.members}

    def said(self, room):
        return self.rooms[room].messages

    def subject(self, room):
        return self.rooms[room].subject

    def renamed(self, room):
        return self.rooms[room].renamed

    def left(self, room):
        return self.rooms[room].left

    def exit(self, room):
        return self.rooms[room].exit

    def _compose(self, kind, text):
        message = aioxmpp.Message(type_=kind)
        message.body[None] = text
        return message

    async def say(self, room, text):
        """Returns when the library has matched the reflection."""
        _, tracker = self.rooms[room].room.send_message_tracked(
            self._compose(aioxmpp.MessageType.GROUPCHAT, text))
        await until(lambda: tracker.state ==
                    aioxmpp.tracking.MessageState.DELIVERED_TO_RECIPIENT,
                    10, lambda: "the reflection: %s" % tracker.state)
        self.reflection = tracker.response

    async def whisper(self, room, nick, text):
        message = self._compose(aioxmpp.MessageType.CHAT, text)
        message.to = aioxmpp.JID.fromstr(room).replace(resource=nick)
        await self.client.send(message)

    async def set_subject(self, room, text):
        await self.rooms[room].room.set_topic(
            aioxmpp.structs.LanguageMap({None: text}))

    async def change_nick(self, room, nick):
        await self.rooms[room].room.set_nick(nick)

    async def config(self, room):
        """The owner's form: variable -> value."""
        data = await self.muc.get_room_config(aioxmpp.JID.fromstr(room))
        return {f.var: f.values[0] if f.values else None
                for f in data.fields if f.var}

    async def configure(self, room, **values):
        """Asks for the form, fills it in and returns it whole."""
        jid = aioxmpp.JID.fromstr(room)
        form = aioxmpp.muc.ConfigurationForm.from_xso(
            await self.muc.get_room_config(jid))
        for name, value in values.items():
            getattr(form, name).value = value
        await self.muc.set_room_config(jid, form.render_reply())

    async def kick(self, room, nick, reason):
        """Raises Refused."""
        conversation = self.rooms[room].room
        member = next(m for m in conversation.members if m.nick == nick)
        try:
            await conversation.kick(member, reason)
        except aioxmpp.errors.XMPPError as error:
            raise Refused(self.condition(error)) from error
