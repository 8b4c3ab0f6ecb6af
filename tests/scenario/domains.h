/* Domains that are found by the DNS, and people of either world who go there.
 */
#pragma once

#include "scene.h"

#include <stdio.h>

#define T(f, up) cmocka_unit_test_setup_teardown(f, up, scene_teardown)

#define BASE                                                                   \
	"sip { listen = {\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"}"      \
	" host = \"gh.test\" }\n"                                              \
	"domain \"rd.test\" { secret = \"x\" rooms = local lock = no }\n"      \
	"domain \"ud.test\" { secret = \"x\" users = foreign }\n"              \
	"domain \"s.test\" { secret = \"x\" users = sip }\n"

static inline int with_domains(void **state, const char *more)
{
	char config[2048];
	struct scene *s;

	snprintf(config, sizeof(config), BASE "%s", more);
	*state = s = scene_new(config);
	s->dns->knows_all = false;
	return 0;
}

static inline int setup_open(void **state)
{
	return with_domains(state, "domain \"*\" { rooms = discover }\n");
}

static inline void speaks_sip(struct scene *s, const char *domain)
{
	char name[128];

	snprintf(name, sizeof(name), "_sip._tcp.%s", domain);
	dns_server_srv(s->dns, name, 1, 1, 5070, "a.test");
	dns_server_srv(s->dns, name, 2, 1, 5080, "b.test");
	dns_server_host(s->dns, "a.test", "10.0.0.7");
	dns_server_host(s->dns, "a.test", "10.0.0.8");
	dns_server_host(s->dns, "b.test", "10.0.0.9");
}

static inline void speaks_xmpp(struct scene *s, const char *domain)
{
	char name[128];

	snprintf(name, sizeof(name), "_xmpp-server._tcp.%s", domain);
	dns_server_srv(s->dns, name, 1, 1, 5269, "h.test");
}

static inline void calls(struct sip_user *u, struct scene *s, const char *name,
			 const char *uri)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(u, s, name, uri);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_CALL_ID] =
	    arena_printf(s->arena, "c%llu", (unsigned long long)m.req);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "");
	scene_sip_event(s, &m);
	scene_run(s, 10);
}

static inline int is_answered(struct scene *s)
{
	return scene_sip(s, PORT_ANSWER, NULL).status;
}

static inline int refused(struct scene *s, const char *name, const char *uri)
{
	struct sip_user u;
	int status;

	calls(&u, s, name, uri);
	status = is_answered(s);
	sip_user_done(&u);
	return status;
}

/* He is on his way into this MUC room, under this JID. */
static inline void enters(struct scene *s, const char *name, const char *uri,
			  const char *room, const char *jid)
{
	const struct xnode *iq;
	struct sip_user u;

	calls(&u, s, name, uri);
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	iq = xmpp_take(s, room);
	assert_true(x_is(iq, "iq", NS_CLIENT));
	if (!str_starts(x_attr(iq, "from"), str_z(jid)))
		fail_msg("from %.*s", STR_ARG(x_attr(iq, "from")));
	sip_user_done(&u);
}

static inline void joins(struct scene *s, const char *jid, const char *room)
{
	xmpp_put(s,
		 "<presence from='%s' to='%s/nick' id='j'><x xmlns='" NS_MUC
		 "'/></presence>",
		 jid, room);
	scene_run(s, 10);
}

static inline void is_refused(struct scene *s, const char *jid,
			      const char *type, const char *condition)
{
	const struct xnode *p = xmpp_take(s, jid), *e;

	assert_true(str_eq(x_attr(p, "type"), STR("error")));
	e = x_child(p, "error", NULL);
	if (!str_eq(x_attr(e, "type"), str_z(type)) ||
	    !x_child(e, condition, NS_STANZAS))
		fail_msg("%.*s/%.*s, not %s/%s", STR_ARG(x_attr(e, "type")),
			 STR_ARG(x_child(e, NULL, NULL)->name), type,
			 condition);
}

static inline struct port_msg dials(struct scene *s, const char *uri,
				    const char *route)
{
	struct port_msg m = scene_sip(s, PORT_DIAL, NULL);

	if (!str_eq(m.f[PORT_F_RURI], str_z(uri)) ||
	    !str_eq(m.f[PORT_F_ROUTE], str_z(route)))
		fail_msg("%.*s by %.*s", STR_ARG(m.f[PORT_F_RURI]),
			 STR_ARG(m.f[PORT_F_ROUTE]));
	return m;
}
