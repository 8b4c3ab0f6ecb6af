"""A subscriber's copy of a conference (RFC 4575 §4.6): full documents replace
it, partial ones change it, a version gap is an error."""

import xml.etree.ElementTree as ET

NS = "{urn:ietf:params:xml:ns:conference-info}"
XCON = "{urn:ietf:params:xml:ns:xcon-conference-info}"
ORDER = {
    "conference-info": ["conference-description", "host-info",
                        "conference-state", "users", "sidebars-by-ref",
                        "sidebars-by-val"],
    "conference-state": ["user-count", "active", "locked"],
    "user": ["display-text", "associated-aors", "roles", "languages",
             "cascaded-focus", "endpoint"],
    "endpoint": ["display-text", "referred", "status", "joining-method",
                 "joining-info", "disconnection-method", "disconnection-info",
                 "media", "call-info"],
    "media": ["display-text", "type", "label", "src-id", "status"],
}


class VersionGap(Exception):
    pass


class BadDocument(Exception):
    pass


def local(element):
    return element.tag.rpartition("}")[2]


def check_order(element):
    """The child order of the schema (RFC 4575 §6)."""
    order = ORDER.get(local(element))
    last = -1
    for child in element:
        if order and child.tag.startswith(NS):
            if local(child) not in order:
                raise BadDocument("%s in %s" % (child.tag, element.tag))
            place = order.index(local(child))
            if place < last:
                raise BadDocument("%s out of order" % local(child))
            last = place
        check_order(child)


def text(element, path):
    found = element.find("/".join(NS + p for p in path.split("/")))
    return (found.text or "") if found is not None else None


class User:
    def __init__(self, entity):
        self.entity = entity
        self.nickname = self.display = None
        self.roles, self.aors, self.endpoints = [], [], {}

    @property
    def name(self):
        return self.nickname or self.display

    def merge(self, element, whole):
        if whole:
            self.__init__(self.entity)
        if (nickname := element.get(XCON + "nickname")) is not None:
            self.nickname = nickname
        if (display := text(element, "display-text")) is not None:
            self.display = display
        roles = element.find(NS + "roles")
        if roles is not None:
            self.roles = [e.text for e in roles.findall(NS + "entry")]
        aors = element.find(NS + "associated-aors")
        if aors is not None:
            self.aors = [text(e, "uri") for e in aors.findall(NS + "entry")]
        for e in element.findall(NS + "endpoint"):
            state = e.get("state", "full")
            if state == "deleted":
                self.endpoints.pop(e.get("entity"), None)
                continue
            old = {} if state == "full" else self.endpoints.get(e.get("entity"), {})
            new = {"status": text(e, "status"),
                   "joining-method": text(e, "joining-method"),
                   "disconnection-method": text(e, "disconnection-method"),
                   "media": [text(m, "type") for m in e.findall(NS + "media")]}
            self.endpoints[e.get("entity")] = dict(
                old, **{k: v for k, v in new.items() if v})


class Conference:
    def __init__(self):
        self.version = None
        self.entity = self.subject = self.user_count = None
        self.deleted = False
        self.users, self.history = {}, []

    def names(self):
        return sorted(u.name or u.entity for u in self.users.values())

    def by_name(self, name):
        for user in self.users.values():
            if user.name == name:
                return user
        return None

    def update(self, document):
        """Takes one NOTIFY body. True if anything was applied."""
        root = ET.fromstring(document)
        if root.tag != NS + "conference-info":
            raise BadDocument(root.tag)
        check_order(root)
        if not root.get("entity") or root.get("version") is None:
            raise BadDocument("no entity or version")
        version, state = int(root.get("version")), root.get("state", "full")
        self.history.append((version, state, document))
        if self.version is not None and version <= self.version:
            return False
        if state == "deleted":
            self.deleted, self.version = True, version
            return True
        if state == "partial":
            if self.version is None or version != self.version + 1:
                raise VersionGap("%s after %s" % (version, self.version))
        elif state == "full":
            if root.find(NS + "users") is None:
                raise BadDocument("a full document without users")
            if root.find(NS + "conference-description") is None:
                raise BadDocument("a full document without description")
            self.users = {}
        else:
            raise BadDocument("state=%r" % state)
        self.version, self.entity = version, root.get("entity")
        self._merge(root)
        return True

    def _merge(self, root):
        description = root.find(NS + "conference-description")
        if description is not None:
            self.subject = text(description, "subject")
        if root.find(NS + "conference-state") is not None:
            count = text(root, "conference-state/user-count")
            self.user_count = int(count) if count is not None else None
        users = root.find(NS + "users")
        if users is None:
            return
        state = users.get("state", "full")
        if state in ("full", "deleted"):
            self.users = {}
        for e in users.findall(NS + "user"):
            entity, state = e.get("entity"), e.get("state", "full")
            if entity is None:
                raise BadDocument("user without entity")
            if state == "deleted":
                if len(e):
                    raise BadDocument("a deleted user with content")
                self.users.pop(entity, None)
                continue
            user = self.users.setdefault(entity, User(entity))
            user.merge(e, state == "full")
