/* Those who watch the roster of sip:r@chat.test. */
#pragma once

#include "scene.h"

#include "tests/lib/confinfo_whole.h"

/* In this dialog, or in one of its own (0). */
static inline struct port_msg watcher_wish(struct scene *s, uint64_t dlg)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.new_dialog = dlg == 0;
	m.dlg = dlg ? dlg : ++s->ids;
	m.req = ++s->ids;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR("sip:r@chat.test");
	m.f[PORT_F_FROM] = STR("<sip:watcher@sip.test>;tag=1");
	m.f[PORT_F_TO] = STR("<sip:r@chat.test>");
	m.f[PORT_F_CONTACT] = STR("sip:watcher@10.0.0.5");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference");
	return m;
}

static inline uint64_t watch(struct scene *s, uint64_t dlg, const char *agent)
{
	struct port_msg m = watcher_wish(s, dlg);

	m.f[PORT_F_USER_AGENT] = str_z(agent);
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	return m.dlg;
}

/* The next NOTIFY and its document; not answered. */
static inline struct confinfo_doc told(struct scene *s, struct port_msg *m)
{
	struct confinfo_doc doc;

	*m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(
	    str_eq(m->f[PORT_F_TYPE], STR("application/conference-info+xml")));
	assert_int_equal(confinfo_parse(m->f[PORT_F_BODY], s->arena, &doc), 0);
	return doc;
}

/* ... answered 200. */
static inline struct confinfo_doc notified(struct scene *s, struct port_msg *m)
{
	struct confinfo_doc doc = told(s, m);

	scene_sip_response(s, m, 200);
	return doc;
}

/* Likewise of what is due now. */
static inline struct confinfo_doc shown(struct scene *s, struct str *text)
{
	struct port_msg m;
	struct confinfo_doc doc;

	scene_run(s, 0);
	doc = notified(s, &m);
	*text = m.f[PORT_F_BODY];
	return doc;
}
