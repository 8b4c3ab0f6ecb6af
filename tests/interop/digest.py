"""A SIP user who logs in: digest credentials (RFC 7616, RFC 8760)."""

import hashlib
import re

from sipmsg import token
from sipmsrp import SipUser

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Challenge:
    def __init__(self, value):
        scheme, rest = value.split(" ", 1)
        self.scheme = scheme
        self.params = {}
        for name, quoted, bare in re.findall(
                r'([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', rest):
            self.params[name.lower()] = quoted or bare

    @property
    def algorithm(self):
        return self.params.get("algorithm", "MD5")

    def answer(self, username, password, method, uri, nc=1):
        """The value of an Authorization header."""
        p = self.params

        def h(*parts):
            return HASHES[self.algorithm](":".join(parts).encode()).hexdigest()
        cnonce, count = token(), "%08x" % nc
        response = h(h(username, p["realm"], password), p["nonce"], count,
                     cnonce, "auth", h(method, uri))
        return ('Digest username="%s", realm="%s", nonce="%s", uri="%s", '
                'response="%s", algorithm=%s, cnonce="%s", qop=auth, nc=%s'
                % (username, p["realm"], p["nonce"], uri, response,
                   self.algorithm, cnonce, count))


class LoginUser(SipUser):
    """Answers a 401 once, by the topmost challenge that it can (RFC 8760
    §2.4)."""

    def __init__(self, name, password=None, username=None,
                 algorithms=("SHA-256", "MD5"), **kw):
        super().__init__(name, **kw)
        self.password, self.username = password, username or name
        self.algorithms = algorithms
        self.challenges = []  # of the last 401

    async def request(self, message, hop, **kw):
        response = await super().request(message, hop, **kw)
        if response.status != 401:
            return response
        # each is a header of its own, with commas in it
        self.challenges = [Challenge(v) for n, v in response.headers
                           if n.lower() == "www-authenticate"]
        known = [c for c in self.challenges if c.algorithm in self.algorithms]
        if self.password is None or not known:
            return response
        number = message.cseq[0] + 1
        message.headers = [(n, v) for n, v in message.headers
                           if n.lower() not in ("via", "cseq")]
        message.add("CSeq", "%d %s" % (number, message.method))
        message.add("Authorization", known[0].answer(
            self.username, self.password, message.method, message.uri))
        dialog = self.dialogs.get((message.call_id, message.from_.tag))
        if dialog:
            dialog.local_cseq = number
        return await super().request(message, hop, **kw)
