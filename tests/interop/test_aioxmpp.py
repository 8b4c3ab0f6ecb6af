"""aioxmpp's users in rooms, through real XMPP servers."""

import unittest

from bed import Ejabberd, XmppBed, main
from librarycore import LibraryCore

try:
    from aiouser import AioUser
except ImportError:
    AioUser = None


class AioProsody(LibraryCore, XmppBed):
    user_class = AioUser

    @classmethod
    def set_up_servers(cls):
        if AioUser is None:
            raise unittest.SkipTest("no python3-aioxmpp here")
        super().set_up_servers()


class AioEjabberd(AioProsody):
    server_class = Ejabberd


if __name__ == "__main__":
    main()
