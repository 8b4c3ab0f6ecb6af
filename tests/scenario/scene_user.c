/* A SIP user of a scene, in his dialog and at his end of an MSRP connection. */
#include "scene.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>

#include "tests/lib/drop.h"

void sip_user_init(struct sip_user *u, struct scene *s, const char *name,
		   const char *room)
{
	*u = (struct sip_user){.s = s, .name = name, .room = str_z(room)};
	buf_init(&u->in, 1u << 26);
	u->dlg = ++s->ids;
	snprintf(u->own_path, sizeof(u->own_path), "msrp://10.0.0.5:9/%s1;tcp",
		 name);
}

struct str sip_user_offer(struct sip_user *u, const char *extra)
{
	return arena_printf(
	    u->s->arena,
	    "v=0\r\no=- %u 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 "
	    "10.0.0.5\r\nt=0 0\r\n"
	    "m=message 9 TCP/MSRP *\r\n"
	    "a=accept-types:message/cpim text/plain\r\na=path:%s\r\n"
	    "a=setup:active\r\n%s",
	    ++u->ids, u->own_path, extra ? extra : "");
}

void sip_user_request(struct sip_user *u, struct port_msg *m,
		      const char *method)
{
	m->dlg = u->dlg;
	m->req = ++u->s->ids;
	m->cseq = ++u->cseq;
	m->f[PORT_F_METHOD] = str_z(method);
	m->f[PORT_F_RURI] = u->room;
	m->f[PORT_F_FROM] = arena_printf(
	    u->s->arena, "\"%s\" <sip:%s@sip.test>;tag=1", u->name, u->name);
	m->f[PORT_F_TO] = arena_printf(u->s->arena, "<%.*s>", STR_ARG(u->room));
	m->f[PORT_F_CONTACT] =
	    arena_printf(u->s->arena, "sip:%s@10.0.0.5", u->name);
	m->f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m->f[PORT_F_TRANSPORT] = STR("tcp");
}

void sip_user_call(struct sip_user *u, struct str sdp)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.new_dialog = u->cseq == 0;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sdp;
	u->invite = m.req;
	scene_sip_event(u->s, &m);
}

struct str scene_path(struct str sdp)
{
	ptrdiff_t at = str_search(sdp, STR("a=path:"));

	if (at < 0)
		return STR_NONE;
	sdp = str_from(sdp, (size_t)at + strlen("a=path:"));
	return str_split(&sdp, '\r');
}

int sip_user_answer(struct sip_user *u)
{
	struct port_msg a = scene_sip(u->s, PORT_ANSWER, NULL);

	assert_int_equal(a.req, u->invite);
	if (a.status == 200) {
		struct str path = scene_path(a.f[PORT_F_BODY]);

		u->sdp = a.f[PORT_F_BODY];
		if (path.n)
			u->path = path;
	}
	return a.status;
}

struct port_msg sip_user_called(struct sip_user *u, struct scene *s,
				const char *name, const char *room,
				const struct port_msg *dial)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	sip_user_init(u, s, name, room);
	u->dlg = dial->dlg;
	u->path = scene_path(dial->f[PORT_F_BODY]);
	m.dlg = dial->dlg;
	m.req = dial->req;
	m.status = 200;
	m.f[PORT_F_REASON] = STR("OK");
	m.f[PORT_F_CONTACT] = arena_printf(s->arena, "sip:%s@10.0.0.6", name);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	return m;
}

int sip_user_invite(struct sip_user *u, struct str sdp)
{
	sip_user_call(u, sdp);
	return sip_user_answer(u);
}

void sip_user_ack(struct sip_user *u)
{
	sip_user_ack_with(u, STR_NONE);
}

void sip_user_ack_with(struct sip_user *u, struct str sdp)
{
	struct port_msg m = port_msg(PORT_ACK);

	m.dlg = u->dlg;
	m.cseq = u->cseq;
	m.f[PORT_F_BODY] = sdp;
	if (sdp.n)
		m.f[PORT_F_TYPE] = STR("application/sdp");
	scene_sip_event(u->s, &m);
}

static void readable(struct bufferevent *bev, void *user)
{
	struct sip_user *u = user;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);
	char *p = buf_space(&u->in, n);

	assert_non_null(p);
	evbuffer_remove(in, p, n);
	u->in.n += n;
}

void sip_user_connect(struct sip_user *u)
{
	struct bufferevent *pair[2];
	struct addr peer;

	if (u->msrp)
		bufferevent_free(u->msrp);
	assert_int_equal(bufferevent_pair_new(loop_base(u->s->loop),
					      BEV_OPT_DEFER_CALLBACKS, pair),
			 0);
	assert_int_equal(addr_parse(STR("127.0.0.1:4000"), &peer), 0);
	u->msrp = pair[0];
	bufferevent_setcb(u->msrp, readable, NULL, NULL, u);
	bufferevent_enable(u->msrp, EV_READ | EV_WRITE);
	msrp_accept(u->s->core.msrp, pair[1], false, &peer);
	loop_settle(u->s->loop);
}

void sip_user_bind(struct sip_user *u)
{
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
}

void sip_user_join(struct sip_user *u, struct scene *s, const char *name,
		   const char *room, const char *extra)
{
	sip_user_init(u, s, name, room);
	assert_int_equal(sip_user_invite(u, sip_user_offer(u, extra)), 200);
	sip_user_ack(u);
	sip_user_bind(u);
}

void sip_user_bye(struct sip_user *u)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, "BYE");
	scene_sip_event(u->s, &m);
}

void sip_user_done(struct sip_user *u)
{
	if (u->msrp)
		bufferevent_free(u->msrp);
	u->msrp = NULL;
	buf_done(&u->in);
}

/* --- MSRP --- */

void msrp_put(struct sip_user *u, struct str bytes)
{
	bufferevent_write(u->msrp, bytes.p, bytes.n);
	loop_settle(u->s->loop);
}

struct str msrp_take(struct sip_user *u)
{
	struct str in, id, mark, out;
	ptrdiff_t at;

	loop_settle(u->s->loop);
	in = buf_str(&u->in);
	if (!in.n)
		return STR_NONE;
	assert_true(str_starts(in, STR("MSRP ")));
	id = str_from(in, 5);
	id = str_split(&id, ' ');
	mark = arena_printf(u->s->arena, "\r\n-------%.*s", STR_ARG(id));
	at = str_search(in, mark);
	assert_true(at >= 0);
	out = arena_dup(u->s->arena, str_of(in.p, (size_t)at + mark.n + 3));
	assert_true(str_ends(out, STR("\r\n")));
	buf_drop(&u->in, out.n);
	return out;
}

const char *msrp_request(struct sip_user *u, const char *method,
			 const char *more)
{
	const char *id =
	    arena_printf(u->s->arena, "t%s%u", u->name, ++u->ids).p;

	msrp_put(u, arena_printf(u->s->arena,
				 "MSRP %s %s\r\nTo-Path: %.*s\r\nFrom-Path: "
				 "%s\r\n%s-------%s$\r\n",
				 id, method, STR_ARG(u->path), u->own_path,
				 more, id));
	return id;
}

int msrp_status(struct sip_user *u)
{
	struct str frame = msrp_take(u);
	uint64_t status = 0;

	assert_true(frame.n > 0);
	str_split(&frame, ' ');
	str_split(&frame, ' ');
	frame.n = 3;
	assert_int_equal(str_u64(frame, 999, &status), 0);
	return (int)status;
}

void msrp_send_cpim(struct sip_user *u, const char *id, const char *more,
		    struct str entity)
{
	if (!id)
		id = arena_printf(u->s->arena, "m%s%u", u->name, ++u->ids).p;
	msrp_request(u, "SEND",
		     arena_printf(u->s->arena,
				  "Message-ID: %s\r\n%sByte-Range: "
				  "1-%zu/%zu\r\nContent-Type: "
				  "message/cpim\r\n\r\n%.*s\r\n",
				  id, more, entity.n, entity.n, STR_ARG(entity))
			 .p);
}

void msrp_reply(struct sip_user *u, struct str frame, const char *status)
{
	struct str tid = str_from(frame, 5);

	tid = str_split(&tid, ' ');
	msrp_put(u, arena_printf(u->s->arena,
				 "MSRP %.*s %s\r\nTo-Path: %.*s\r\nFrom-Path: "
				 "%s\r\n-------%.*s$\r\n",
				 STR_ARG(tid), status, STR_ARG(u->path),
				 u->own_path, STR_ARG(tid)));
}

int msrp_say(struct sip_user *u, const char *to, const char *text)
{
	msrp_send_cpim(
	    u, NULL, "",
	    arena_printf(u->s->arena,
			 "From: <sip:%s@sip.test>\r\nTo: <%s>\r\n\r\n"
			 "Content-Type: text/plain\r\n\r\n%s",
			 u->name, to, text));
	return msrp_status(u);
}

struct str msrp_cpim(struct sip_user *u)
{
	struct str frame = msrp_take(u);
	ptrdiff_t at = str_search(frame, STR("\r\n\r\n"));
	ptrdiff_t end = str_search(frame, STR("\r\n-------"));

	assert_true(has(frame, " SEND\r\n"));
	assert_true(at > 0 && end > at);
	return str_of(frame.p + at + 4, (size_t)(end - at - 4));
}

int msrp_nickname(struct sip_user *u, const char *value)
{
	msrp_request(
	    u, "NICKNAME",
	    arena_printf(u->s->arena, "Use-Nickname: %s\r\n", value).p);
	return msrp_status(u);
}
