-- Prosody: stoxd's rooms as a component. Put this into
-- /etc/prosody/conf.d/stoxd.cfg.lua and reload Prosody. Name and secret are
-- those of a domain section in stoxd.conf.

-- These two belong into the global part, before the first VirtualHost.
component_ports = { 5347 }
component_interfaces = { "127.0.0.1" }

Component "chat.example.org"
	component_secret = "change me"
	-- Nothing longer than stoxd's xmpp { max-stanza } and some room for
	-- what the server adds.
	component_stanza_size_limit = 131072
