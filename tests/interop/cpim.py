"""message/cpim (RFC 3862), built and read strictly."""

import re


class CpimError(Exception):
    pass


class Cpim:
    def __init__(self, headers, mime, content):
        self.headers, self.mime, self.content = headers, mime, content

    def get(self, name):
        values = [v for n, v in self.headers if n == name]
        if name in ("From", "To", "DateTime") and len(values) > 1:
            raise CpimError("%s repeated" % name)
        return values[0] if values else None

    def mime_get(self, name):
        for n, v in self.mime:
            if n.lower() == name.lower():
                return v
        return None

    def address(self, name):
        value = self.get(name)
        return split_address(value) if value is not None else (None, None)

    @property
    def text(self):
        return self.content.decode("utf-8")


def unescape(text):
    def one(m):
        c = m.group(1)
        if c[0] == "u":
            return chr(int(c[1:], 16))
        return {"b": "\b", "t": "\t", "n": "\n", "r": "\r"}.get(c, c)
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, text)


def split_address(value):
    """(name, URI) of `"name" <URI>`."""
    m = re.match(r'^(?:"((?:\\.|[^"\\])*)"\s*|([^<>"]*?)\s*)<([^<>]+)>$', value)
    if not m:
        raise CpimError("bad address %r" % value)
    name = m.group(1) if m.group(1) is not None else m.group(2)
    return unescape(name or ""), m.group(3)


def build(sender, to, content, ctype="text/plain;charset=utf-8", headers=()):
    """The three parts with their two empty lines (RFC 3862 §2)."""
    if isinstance(content, str):
        content = content.encode()
    lines = ["From: <%s>" % sender, "To: <%s>" % to]
    lines += ["%s: %s" % h for h in headers]
    head = "\r\n".join(lines) + "\r\n\r\nContent-Type: %s\r\n\r\n" % ctype
    return head.encode() + content


def parse(data):
    parts = data.split(b"\r\n\r\n", 2)
    if len(parts) != 3:
        raise CpimError("not three parts: %r" % data[:200])
    blocks = []
    for block in parts[:2]:
        headers = []
        for line in block.decode("utf-8").split("\r\n"):
            m = re.match(r"^([!#-'*+\-.0-9A-Z^-z|~]+):((?:;[^ ]*)?) (.*)$", line)
            if not m or re.search(r"[\x00-\x1f]", line):
                raise CpimError("bad header line %r" % line)
            headers.append((m.group(1), m.group(3)))
        blocks.append(headers)
    message = Cpim(blocks[0], blocks[1], parts[2])
    if message.mime_get("Content-Type") is None:
        raise CpimError("no inner Content-Type")
    for name in ("From", "To"):
        if message.get(name) is None:
            raise CpimError("no " + name)
        message.address(name)
    return message
