-- Prosody: stoxd as a component. Put this into
-- /etc/prosody/conf.d/stoxd.cfg.lua and reload Prosody. Names and secrets are
-- those of the domain sections in stoxd.conf; "stoxctl domain NAME" prints the
-- lines for one of them.

-- These two belong into the global part, before the first VirtualHost.
component_ports = { 5347 }
component_interfaces = { "127.0.0.1" }

-- rooms = local (or sip: of a SIP conference elsewhere)
Component "chat.example.org"
	component_secret = "change me"
	-- Nothing longer than stoxd's xmpp { max-stanza } and some room for
	-- what the server adds.
	component_stanza_size_limit = 131072

-- users = foreign: SIP users who enter rooms of XMPP servers
Component "sip.example.org"
	component_secret = "change me too"
	component_stanza_size_limit = 131072

-- Of Prosody's own rooms that SIP users enter. When the stream to stoxd or
-- Prosody itself was down, they get what was said meanwhile from a room's
-- history, which is 20 messages and does not outlive a restart, or from its
-- archive, which is longer and does:
--
-- Component "rooms.example.org" "muc"
--	modules_enabled = { "muc_mam" }
--	muc_log_by_default = true      -- or as each room is configured
--	muc_log_expires_after = "1w"   -- "never": it stays
