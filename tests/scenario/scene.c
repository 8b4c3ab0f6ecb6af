#include "scene.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <dirent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/files.h"
#include "gateway/store.h"
#include "tests/lib/xmlin.h"

struct scene_out {
	TAILQ_ENTRY(scene_out) link;
	struct buf bytes;
};

bool has(struct str text, const char *what)
{
	return str_search(text, str_z(what)) >= 0;
}

/* --- the core and its clock --- */

static uint64_t mono_ms(void *user)
{
	return ((struct scene *)user)->mono;
}

static uint64_t wall_ms(void *user)
{
	return ((struct scene *)user)->wall;
}

static void sip_send(void *user, const struct port_msg *m)
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

static uint64_t sip_id(void *user)
{
	return ++((struct scene *)user)->ids;
}

static int xmpp_send(void *user, struct str domain, struct str text)
{
	struct scene *s = user;
	struct scene_out *o;

	(void)domain;
	if (s->xmpp_full)
		return ERR_CONGESTED;
	o = mem_new(sizeof(*o));
	buf_init(&o->bytes, 1u << 24);
	buf_addz(&o->bytes, "<all>"); /* a call may hold several stanzas */
	buf_add(&o->bytes, text);
	buf_addz(&o->bytes, "</all>");
	TAILQ_INSERT_TAIL(&s->xmpp, o, link);
	return 0;
}

static struct scene_kept *find_kept(struct scene *s, enum kept_kind kind,
				    struct str key)
{
	struct scene_kept *k;

	TAILQ_FOREACH (k, &s->kept, link)
		if (k->kind == kind && str_eq(key, str_z(k->key)))
			return k;
	return NULL;
}

static void kept_free(struct scene *s, struct scene_kept *k)
{
	TAILQ_REMOVE(&s->kept, k, link);
	blob_unref(k->value);
	free(k->key);
	free(k);
}

static void keep_value(void *user, enum kept_kind kind, struct str key,
		       struct str value)
{
	struct scene *s = user;
	struct scene_kept *k = find_kept(s, kind, key);

	s->n_kept_writes++;
	if (!k) {
		k = mem_new(sizeof(*k));
		k->kind = kind;
		k->key = str_dup(key);
		TAILQ_INSERT_TAIL(&s->kept, k, link);
	}
	blob_unref(k->value);
	k->value = blob_new(value);
}

static void drop_value(void *user, enum kept_kind kind, struct str key)
{
	struct scene *s = user;
	struct scene_kept *k = find_kept(s, kind, key);

	if (k)
		kept_free(s, k);
}

static void make_core(struct scene *s)
{
	struct core_io io = {.sip_send = sip_send,
			     .sip_request_id = sip_id,
			     .xmpp_send = xmpp_send,
			     .user = s,
			     .users = s->users,
			     .keep = {keep_value, drop_value, s}};
	char why[256];

	assert_int_equal(store_open(s->state_dir, s->loop, &s->store, why), 0);
	io.store = s->store;
	if (*s->config->files.listen) {
		s->config->state_dir = s->state_dir;
		assert_int_equal(files_open(s->loop, s->config, &s->files, why),
				 0);
		io.files = s->files;
	}
	assert_int_equal(core_init(&s->core, s->loop, s->config, &io, why), 0);
}

static struct config *load(struct scene *s, const char *text)
{
	char name[] = "/tmp/stox-scene-XXXXXX";
	int fd = mkstemp(name);
	struct config *c = NULL;
	FILE *f = fdopen(fd, "w");
	char server[ADDR_TEXT_MAX];

	assert_non_null(f);
	fputs("msrp { listen = {\"tcp:127.0.0.1:0\"} }\n", f);
	fputs("sip { trust = {\"127.0.0.0/8\"} }\n", f);
	fprintf(f, "dns { servers = {\"%s\"} }\n",
		addr_text(&s->dns->addr, server));
	fputs(text, f);
	fclose(f);
	assert_int_equal(config_load(name, &c), 0);
	unlink(name);
	return c;
}

static struct scene *start_scene(const char *config, const char *state_dir)
{
	struct scene *s = mem_new(sizeof(*s));

	snprintf(s->state_dir, sizeof(s->state_dir), "%s", state_dir);
	s->mono = 1000000;
	s->wall = SCENE_START_WALL;
	s->clock = (struct clock){mono_ms, wall_ms, s};
	log_init(&s->log, LOG_ERROR, "scene");
	s->loop = loop_new(&s->log, &s->clock);
	s->dns = dns_server_new(s->loop);
	s->dns->knows_all = true;
	s->config = load(s, config);
	s->users = users_new(NULL, config_realm(s->config));
	TAILQ_INIT(&s->sip);
	TAILQ_INIT(&s->xmpp);
	s->arena = arena_new(1u << 26);
	TAILQ_INIT(&s->kept);
	make_core(s);
	return s;
}

void scene_reload(struct scene *s, const char *config)
{
	struct config *fresh = load(s, config), old = *s->config;

	*s->config = *fresh;
	*fresh = old;
	core_reconfigure(&s->core);
	loop_settle(s->loop);
	config_free(fresh);
}

struct scene *scene_new(const char *config)
{
	return start_scene(config, "");
}

struct scene *scene_new_stored(const char *config)
{
	char dir[] = "/tmp/stox-scene.XXXXXX";

	assert_non_null(mkdtemp(dir));
	return start_scene(config, dir);
}

static void remove_files(const struct scene *s)
{
	char path[512];
	const struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/files", s->state_dir);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/files/%s", s->state_dir,
			 e->d_name);
		if (*e->d_name != '.')
			assert_int_equal(unlink(path), 0);
	}
	if (d)
		closedir(d);
	snprintf(path, sizeof(path), "%s/files", s->state_dir);
	rmdir(path);
}

static void remove_state(const struct scene *s)
{
	static const char *const files[] = {STORE_FILE, "stoxd.lock"};
	char path[128];

	if (!*s->state_dir)
		return;
	remove_files(s);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->state_dir, files[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(s->state_dir), 0);
}

static void drop(struct scene *s)
{
	struct scene_out *o;

	while ((o = TAILQ_FIRST(&s->sip))) {
		TAILQ_REMOVE(&s->sip, o, link);
		buf_done(&o->bytes);
		free(o);
	}
	xmpp_drop(s);
}

void scene_free(struct scene *s)
{
	core_done(&s->core);
	files_close(s->files);
	loop_settle(s->loop);
	store_close(s->store);
	remove_state(s);
	drop(s);
	while (!TAILQ_EMPTY(&s->kept))
		kept_free(s, TAILQ_FIRST(&s->kept));
	dns_server_free(s->dns);
	loop_free(s->loop);
	users_free(s->users);
	config_free(s->config);
	arena_free(s->arena);
	free(s);
}

int scene_teardown(void **state)
{
	scene_free(*state);
	return 0;
}

void scene_settle_files(struct scene *s)
{
	loop_settle(s->loop);
	files_settle(s->files); /* what is told asks for more */
	loop_settle(s->loop);
}

void scene_run(struct scene *s, uint64_t ms)
{
	uint64_t end = s->mono + ms, next;

	loop_settle(s->loop);
	while ((next = loop_next_timer(s->loop)) <= end) {
		if (next > s->mono) {
			s->wall += next - s->mono;
			s->mono = next;
		}
		loop_settle(s->loop);
	}
	s->wall += end - s->mono;
	s->mono = end;
	loop_settle(s->loop);
}

/* --- a restart of the whole daemon --- */

void scene_kill(struct scene *s)
{
	core_done(&s->core);
	files_close(s->files);
	s->files = NULL;
	loop_settle(s->loop);
	store_close(s->store);
	s->store = NULL;
	drop(s);
}

static void restore_kind(struct scene *s, enum kept_kind kind)
{
	struct scene_kept *k, *next;

	for (k = TAILQ_FIRST(&s->kept); k; k = next) {
		next = TAILQ_NEXT(k, link);
		if (k->kind == kind)
			core_restore(&s->core, kind, str_z(k->key),
				     blob_str(k->value));
	}
}

void scene_start(struct scene *s, const uint64_t *dlg, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct port_msg m = port_msg(PORT_DIALOG);
		struct buf b = BUF_INIT(PORT_BODY_MAX);
		char z[KEPT_ID_CHARS + 1];

		m.dlg = dlg[i];
		port_encode(&b, &m);
		keep_value(s, KEPT_DIALOG, kept_dialog_key(z, dlg[i]),
			   buf_str(&b));
		buf_done(&b);
	}
	make_core(s);
	for (enum kept_kind kind = KEPT_DIALOG; kind < KEPT_KINDS; kind++)
		restore_kind(s, kind);
	core_restored(&s->core);
	loop_settle(s->loop);
}

size_t scene_kept_count(struct scene *s, enum kept_kind kind)
{
	struct scene_kept *k;
	size_t n = 0;

	TAILQ_FOREACH (k, &s->kept, link)
		n += k->kind == kind;
	return n;
}

/* --- the SIP process' place --- */

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

	TAILQ_REMOVE(&s->sip, o, link);
	assert_int_equal(port_decode(kept, &m), 0);
	buf_done(&o->bytes);
	free(o);
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

/* --- a SIP/MSRP user --- */

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

int sip_user_answer(struct sip_user *u)
{
	struct port_msg a = scene_sip(u->s, PORT_ANSWER, NULL);

	assert_int_equal(a.req, u->invite);
	if (a.status == 200) {
		struct str body = a.f[PORT_F_BODY];
		ptrdiff_t at = str_search(body, STR("a=path:"));

		u->sdp = body;
		if (at >= 0) {
			body = str_from(body, (size_t)at + 7);
			u->path = str_split(&body, '\r');
		}
	}
	return a.status;
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

void sip_user_join(struct sip_user *u, struct scene *s, const char *name,
		   const char *room, const char *extra)
{
	sip_user_init(u, s, name, room);
	assert_int_equal(sip_user_invite(u, sip_user_offer(u, extra)), 200);
	sip_user_ack(u);
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
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

int msrp_say(struct sip_user *u, const char *to, const char *text)
{
	struct str cpim = arena_printf(
	    u->s->arena,
	    "From: <sip:%s@sip.test>\r\nTo: <%s>\r\n\r\nContent-Type: "
	    "text/plain\r\n\r\n%s",
	    u->name, to, text);

	msrp_request(u, "SEND",
		     arena_printf(u->s->arena,
				  "Message-ID: m%s%u\r\nByte-Range: "
				  "1-%zu/%zu\r\nContent-Type: "
				  "message/cpim\r\n\r\n%.*s\r\n",
				  u->name, ++u->ids, cpim.n, cpim.n,
				  STR_ARG(cpim))
			 .p);
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

/* --- XMPP users --- */

void xmpp_put(struct scene *s, const char *fmt, ...)
{
	struct arena *a = arena_new(1u << 24);
	const struct xnode *n;
	char *text = NULL;
	struct jid to;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	n = xmlin_parse(a, str_z(text));
	assert_non_null(n);
	if (jid_split(x_attr(n, "to"), &to) < 0)
		to.domain = STR("chat.test");
	core_stanza(&s->core, to.domain, n);
	free(text);
	arena_free(a);
	loop_settle(s->loop);
}

/* One captured call may hold several stanzas: they are split as they are looked
 * for. */
static const struct xnode *find_xmpp(struct scene *s, const char *to, bool take)
{
	struct scene_out *o;

	loop_settle(s->loop);
	TAILQ_FOREACH (o, &s->xmpp, link) {
		const struct xnode *all =
		    xmlin_parse(s->arena, buf_str(&o->bytes));
		const struct xnode *n, *found = NULL;
		struct buf rest = BUF_INIT(1u << 24);

		assert_non_null(all);
		buf_addz(&rest, "<all>");
		for (n = x_child(all, NULL, NULL); n;
		     n = x_next(n, NULL, NULL)) {
			if (!found && str_eq(x_attr(n, "to"), str_z(to)))
				found = n;
			else
				x_write(&rest, n, STR(NS_CLIENT));
		}
		buf_addz(&rest, "</all>");
		if (found && take) {
			buf_done(&o->bytes);
			o->bytes = rest;
			return found;
		}
		buf_done(&rest);
		if (found)
			return found;
	}
	return NULL;
}

const struct xnode *xmpp_take(struct scene *s, const char *to)
{
	const struct xnode *n = find_xmpp(s, to, true);

	if (!n)
		fail_msg("no stanza to %s", to);
	return n;
}

bool xmpp_none(struct scene *s, const char *to)
{
	return find_xmpp(s, to, false) == NULL;
}

void xmpp_drop(struct scene *s)
{
	struct scene_out *o;

	while ((o = TAILQ_FIRST(&s->xmpp))) {
		TAILQ_REMOVE(&s->xmpp, o, link);
		buf_done(&o->bytes);
		free(o);
	}
}

bool xmpp_each(struct scene *s,
	       void (*see)(void *user, const struct xnode *stanza), void *user)
{
	struct scene_out *o;
	bool any = false;

	loop_settle(s->loop);
	while ((o = TAILQ_FIRST(&s->xmpp))) {
		const struct xnode *n =
		    xmlin_parse(s->arena, buf_str(&o->bytes));

		assert_non_null(n);
		TAILQ_REMOVE(&s->xmpp, o, link);
		buf_done(&o->bytes);
		free(o);
		for (n = x_child(n, NULL, NULL); n; n = x_next(n, NULL, NULL)) {
			see(user, n);
			any = true;
		}
	}
	return any;
}

void xmpp_join(struct scene *s, const char *jid, const char *nick)
{
	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s' id='j1'>"
		 "<x xmlns='" NS_MUC "'/></presence>",
		 jid, nick);
	while (!x_child(xmpp_take(s, jid), "subject", NS_CLIENT))
		;
}

const char *xmpp_text(struct scene *s, const struct xnode *stanza,
		      const char *child)
{
	const struct xnode *n = x_child(stanza, child, NULL);
	struct str text = n ? x_text(n, s->arena) : STR_NONE;

	return text.n ? arena_dup(s->arena, text).p : "";
}

bool x_has_status(const struct xnode *presence, const char *code)
{
	const struct xnode *x = x_child(presence, "x", NS_MUC_USER);
	const struct xnode *st = x ? x_child(x, "status", NULL) : NULL;

	for (; st; st = x_next(st, "status", NULL))
		if (str_eq(x_attr(st, "code"), str_z(code)))
			return true;
	return false;
}
