/* What stands in the SIP process' place: what the core sends it is kept until
 * the test takes it. */
#include "scene_priv.h"

void scene_sip_captured(void *user, const struct port_msg *m)
{
	struct scene *s = user;
	struct scene_out *o = mem_new(sizeof(*o));
	struct buf body = BUF_INIT(PORT_BODY_MAX);
	struct port_msg whole = *m;

	if (m->shared)
		port_join(&whole, &body);
	buf_init(&o->bytes, PORT_BODY_MAX);
	port_encode(&o->bytes, &whole);
	buf_done(&body);
	TAILQ_INSERT_TAIL(&s->sip, o, link);
}

static struct scene_out *find_sip(struct scene *s, enum port_type type,
				  const char *method, struct port_msg *m)
{
	struct scene_out *o;

	loop_settle(s->loop);
	TAILQ_FOREACH (o, &s->sip, link) {
		assert_int_equal(port_decode(buf_str(&o->bytes), m), 0);
		if (m->type == type &&
		    (!method || str_eq(m->f[PORT_F_METHOD], str_z(method))))
			return o;
	}
	return NULL;
}

static struct port_msg take_sip(struct scene *s, struct scene_out *o)
{
	struct str kept = arena_dup(s->arena, buf_str(&o->bytes));
	struct port_msg m;

	scene_out_free(&s->sip, o);
	assert_int_equal(port_decode(kept, &m), 0);
	return m;
}

struct port_msg scene_sip(struct scene *s, enum port_type type,
			  const char *method)
{
	struct port_msg m;
	struct scene_out *o = find_sip(s, type, method, &m);

	if (!o)
		fail_msg("no port message %d %s", type, method ? method : "");
	return take_sip(s, o);
}

bool scene_sip_next(struct scene *s, struct port_msg *m)
{
	struct scene_out *o;

	loop_settle(s->loop);
	o = TAILQ_FIRST(&s->sip);
	if (o)
		*m = take_sip(s, o);
	return o != NULL;
}

bool scene_sip_none(struct scene *s, enum port_type type, const char *method)
{
	struct port_msg m;

	return find_sip(s, type, method, &m) == NULL;
}

void scene_sip_event(struct scene *s, struct port_msg *m)
{
	core_sip_event(&s->core, m);
	loop_settle(s->loop);
}

struct port_msg scene_sip_request(struct scene *s, struct port_msg *m)
{
	struct port_msg a;

	m->req = ++s->ids;
	scene_sip_event(s, m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, m->req);
	return a;
}

void scene_sip_response(struct scene *s, const struct port_msg *sent,
			int status)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = sent->dlg;
	m.req = sent->req;
	m.status = status;
	scene_sip_event(s, &m);
}

void scene_answer_notifies(struct scene *s)
{
	struct port_msg m;

	while (find_sip(s, PORT_SEND, "NOTIFY", &m)) {
		m = scene_sip(s, PORT_SEND, "NOTIFY");
		scene_sip_response(s, &m, 200);
	}
}
