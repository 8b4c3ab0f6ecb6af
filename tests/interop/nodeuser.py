"""An XMPP user of @xmpp/client in a process of node's (npm/mucuser.mjs). The
interface is that of librarycore.py."""

import asyncio
import itertools
import json
import os

from librarycore import Message, Refused
from npmpack import LOCK
from sipmsrp import until

# How an occupant went, by the status code of XEP-0045 §15.6.
WAYS = {307: "kicked", 301: "banned"}


class NodeRoom:
    def __init__(self, nick):
        self.nick, self.people, self.messages = nick, {}, []
        self.renamed, self.left, self.exit = [], {}, None
        self.subject = self.error = None
        self.joined = False

    def on_presence(self, nick, type, affiliation=None, role=None, newNick=None,
                    reason=None, codes=(), error=None, **_):
        mine = 110 in codes
        if type == "error":
            self.error = error
        elif type == "unavailable" and 303 in codes:
            self.renamed.append((nick, newNick))
            self.people[newNick] = self.people.pop(nick)
            if mine:
                self.nick = newNick
        elif type == "unavailable":
            how = next((WAYS[c] for c in codes if c in WAYS), "normal")
            if mine:
                self.exit, self.people = (how, reason), {}
            else:
                self.left[nick] = (how, reason)
                self.people.pop(nick, None)
        elif type is None:
            self.people[nick] = (affiliation, role)
            self.joined = self.joined or mine

    def on_message(self, nick, body, subject, delayed, id=None, **_):
        if body is None and subject is not None:
            self.subject = subject
        elif body is not None:
            self.messages.append(Message(nick, body, delayed, id))


class NodeUser:
    def __init__(self, name, port, packages):
        self.name, self.rooms, self.whispers = name, {}, []
        self.command = ["node", os.path.join(LOCK, "mucuser.mjs"), packages,
                        "xmpp://127.0.0.1:%d" % port, "x.test", name, "secret"]
        self.process = self.reader = None
        self.online, self.problems = asyncio.Event(), []
        self.refs, self.answers = itertools.count(1), {}

    async def login(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        self.reader = asyncio.ensure_future(self._read())
        await until(lambda: self.online.is_set() or
                    self.process.returncode is not None, 20,
                    lambda: "%s online: %s" % (self.name, self.problems))
        if not self.online.is_set():
            raise AssertionError("node: " + "".join(self.problems))
        return self

    async def logout(self):
        if not self.process:
            return
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 5)
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self.reader

    async def _read(self):
        async for line in self.process.stdout:
            try:
                self._told(**json.loads(line))
            except (ValueError, TypeError):
                self.problems.append(line.decode("utf-8", "replace"))

    def _told(self, presence=None, message=None, online=None, problem=None,
              ref=None, value=None, error=None):
        if presence:
            room = self.rooms.get(presence.pop("room"))
            if room:
                room.on_presence(**presence)
        elif message and message["type"] == "chat":
            self.whispers.append(Message(message["nick"], message["body"],
                                         message["delayed"], message["id"]))
        elif message:
            self.rooms[message.pop("room")].on_message(**message)
        elif online:
            self.online.set()
        elif problem:
            self.problems.append(problem)
        elif error:
            self.answers.pop(ref).set_exception(Refused(error))
        else:
            self.answers.pop(ref).set_result(value)

    async def _do(self, op, *args):
        ref = next(self.refs)
        answer = asyncio.get_running_loop().create_future()
        self.answers[ref] = answer
        self.process.stdin.write(json.dumps(
            {"ref": ref, "op": op, "args": args}).encode() + b"\n")
        return await asyncio.wait_for(answer, 30)

    async def join(self, room, nick, history=None):
        """Raises Refused."""
        known = self.rooms[room] = NodeRoom(nick)
        await self._do("join", room, nick, history)
        await until(lambda: known.joined or known.error, 15, nick + " in")
        if known.error:
            raise Refused(known.error)

    async def leave(self, room):
        await self._do("leave", room, self.rooms[room].nick)
        await until(lambda: self.rooms[room].exit, 15, self.name + " gone")

    def people(self, room):
        return self.rooms[room].people

    def said(self, room):
        """What others said; and he, before he came in."""
        known = self.rooms[room]
        return [m for m in known.messages
                if m.delayed or m.nick != known.nick]

    def subject(self, room):
        return self.rooms[room].subject

    def renamed(self, room):
        return self.rooms[room].renamed

    def left(self, room):
        return self.rooms[room].left

    def exit(self, room):
        return self.rooms[room].exit

    async def say(self, room, text):
        """Returns when the message has come back under its id."""
        ident = "%s-%d" % (self.name, next(self.refs))
        await self._do("say", room, ident, text)
        await until(lambda: any(m.id == ident and m.text == text
                                for m in self.rooms[room].messages),
                    10, "the reflection of %r" % text)

    async def whisper(self, room, nick, text):
        await self._do("whisper", room, nick, text)

    async def set_subject(self, room, text):
        await self._do("setSubject", room, text)

    async def change_nick(self, room, nick):
        await self._do("changeNick", room, nick)

    async def config(self, room):
        return await self._do("config", room)

    async def configure(self, room, **values):
        """Asks for the form, fills it in and returns it whole."""
        await self._do("configure", room, {
            k: v if isinstance(v, str) else "01"[v]
            for k, v in values.items()})

    async def kick(self, room, nick, reason):
        """Raises Refused."""
        await self._do("kick", room, nick, reason)
