"""What a room should be like: who is in it, as what, and what they hear."""

import time

OUTCAST, NONE, MEMBER, ADMIN, OWNER = range(5)
AFFILIATIONS = ("outcast", "none", "member", "admin", "owner")
GONE, VISITOR, PARTICIPANT, MODERATOR = range(4)
ROLES = ("none", "visitor", "participant", "moderator")
HISTORY, KEPT_SECONDS, DOUBT = 50, 60, 2


class Person:
    """A SIP user, or an XMPP user under one nickname."""

    def __init__(self, user, nick, affiliation, role):
        self.user, self.nick, self.chosen = user, nick, True
        self.affiliation, self.role, self.role_set = affiliation, role, False


class Seat:
    """A device of a user, in the room or not."""

    def __init__(self, user, sip):
        self.user, self.sip, self.person = user, sip, None
        self.hears, self.private = [], []


class Room:
    def __init__(self, seats):
        self.seats = seats
        self.end()

    def end(self):
        self.exists, self.subject = False, ""
        self.people, self.said, self.kept = [], [], {}
        self.affiliations, self.rules = {}, {
            "membersonly": False, "moderatedroom": False,
            "persistentroom": False, "changesubject": True, "roomsecret": ""}
        for seat in self.seats:
            seat.person = None

    # Who is who

    def by_nick(self, nick):
        return next((p for p in self.people
                     if p.nick.casefold() == nick.casefold()), None)

    def of_user(self, user):
        return next((p for p in self.people if p.user == user), None)

    def devices(self, person):
        return [s for s in self.seats if s.person is person]

    def affiliation(self, user):
        return self.affiliations.get(user, NONE)

    def role_given(self, affiliation):
        if affiliation >= ADMIN:
            return MODERATOR
        muted = affiliation == NONE and self.rules["moderatedroom"]
        return VISITOR if muted else PARTICIPANT

    # Nicknames

    def kept_for_another(self, user, nick):
        """Nobody else takes one within a minute (V-CHAT-8); None: it is just
        about to end."""
        owner, until = self.kept.get(nick.casefold(), (user, 0))
        left = until - time.monotonic()
        if owner == user or left < -DOUBT:
            return False
        return True if left > DOUBT else None

    def may_rename(self, seat, nick):
        holder = self.by_nick(nick)
        alone = seat.sip or len(self.devices(seat.person)) == 1
        if holder and not (holder is seat.person and alone):
            return not seat.sip and holder.user == seat.user and (
                holder is not seat.person or holder.nick == nick)
        return bool(holder) or not self.kept_for_another(seat.user, nick)

    def rename(self, seat, nick, chosen=True):
        """NICK-10: of several sessions only the one that asks moves."""
        old, holder = seat.person, self.by_nick(nick)
        alone = seat.sip or len(self.devices(old)) == 1
        if not alone and not holder:
            holder = Person(old.user, nick, old.affiliation, old.role)
            holder.role_set = old.role_set
            self.people.append(holder)
        if holder and holder is not old:
            seat.person = holder
            if not self.devices(old):
                self.people.remove(old)
        else:
            old.nick, old.chosen = nick, chosen
        self.kept.pop(nick.casefold(), None)

    # Coming and going

    def admits(self, seat, nick, password):
        """The condition of the refusal, or None."""
        own = self.affiliation(seat.user)
        inside = self.of_user(seat.user)
        if not self.exists:
            return None
        if own == OUTCAST:
            return "forbidden"
        if own == NONE and self.rules["membersonly"]:
            return "registration-required"
        if self.rules["roomsecret"] not in ("", password) and \
                not inside and own != OWNER:
            return "not-authorized"
        if seat.sip:
            return None
        holder = self.by_nick(nick)
        taken = holder.user != seat.user if holder \
            else self.kept_for_another(seat.user, nick)
        return "conflict" if taken else None

    def join(self, seat, nick):
        if not self.exists:
            self.exists = True
            self.affiliations[seat.user] = OWNER
        own = self.affiliation(seat.user)
        person = self.of_user(seat.user) if seat.sip else self.by_nick(nick)
        if not person:
            person = Person(seat.user, nick, own, self.role_given(own))
            person.chosen = not seat.sip
            self.people.append(person)
            self.kept.pop(nick.casefold(), None)
        seat.person = person
        seat.hears = self.said[-HISTORY:]
        seat.private = []

    def leave(self, seat):
        person, seat.person = seat.person, None
        if not self.devices(person):
            self.expel(person)

    def expel(self, person):
        for seat in self.devices(person):
            seat.person = None
        self.people.remove(person)
        self.kept[person.nick.casefold()] = (
            person.user, time.monotonic() + KEPT_SECONDS)
        self.tidy()

    def tidy(self):
        if not self.people and not self.rules["persistentroom"]:
            self.end()

    # Rules and rights

    def review(self):
        """Everybody is what the list and the rules make him."""
        for person in list(self.people):
            own = self.affiliation(person.user)
            if own == OUTCAST or own == NONE and self.rules["membersonly"]:
                self.expel(person)
                continue
            if own != person.affiliation:
                person.affiliation, person.role_set = own, False
            if not person.role_set:
                person.role = self.role_given(own)
        self.tidy()

    def may_affiliate(self, seat, user, to):
        own = self.affiliation(seat.user)
        if to == OUTCAST and user == seat.user:
            return False
        if own == ADMIN:
            return to < ADMIN and self.affiliation(user) < ADMIN
        owners = {u for u, a in self.affiliations.items() if a == OWNER}
        return own == OWNER and (to == OWNER or owners != {user})

    def affiliate(self, user, to):
        self.affiliations[user] = to
        self.review()

    def may_set_role(self, seat, person, to):
        own = self.affiliation(seat.user)
        if not seat.person or seat.person.role != MODERATOR:
            return False
        if to == GONE:
            return person.user != seat.user and person.affiliation <= own
        if person.affiliation >= ADMIN and to != MODERATOR:
            return False
        if MODERATOR in (to, person.role) and own < ADMIN:
            return False
        return to >= person.role or person.affiliation <= own

    # Messages

    def say(self, seat, text):
        self.said.append(text)
        for other in self.seats:
            if other.person and not (other is seat and seat.sip):
                other.hears.append(text)

    def whisper(self, person, text):
        for seat in self.devices(person):
            seat.private.append(text)
