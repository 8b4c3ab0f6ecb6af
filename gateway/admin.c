#include "gateway/admin_priv.h"

#include <event2/buffer.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/uri.h"
#include "base/utf8.h"

#define BODY_MAX 65536
#define CALL_MAX (1u << 20) /* what is made of one request while it is read */

/* --- what a request says --- */

struct str admin_param(struct admin_call *c, const char *name)
{
	const char *z = evhttp_find_header(&c->query, name);
	const json_t *j = json_object_get(c->body, name);

	if (json_is_string(j))
		return str_of(json_string_value(j), json_string_length(j));
	return str_z(z);
}

/* The path's segments. False: malformed, or more than any resource has. */
static bool read_path(struct admin_call *c, struct str path)
{
	if (path.n == 0 || path.p[0] != '/')
		return false;
	path = str_from(path, 1);
	while (path.n) {
		struct buf b = BUF_INIT(BODY_MAX);
		bool good = c->n_seg < ADMIN_SEGMENTS &&
			    uri_unescape(&b, str_split(&path, '/')) == 0 &&
			    utf8_valid(buf_str(&b)) &&
			    str_find(buf_str(&b), '\0') < 0;

		if (good)
			c->seg[c->n_seg++] = arena_dup(c->arena, buf_str(&b));
		buf_done(&b);
		if (!good)
			return false;
	}
	return true;
}

/* False: there is one, and it is no JSON object. */
static bool read_body(struct admin_call *c)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(c->req);
	size_t n = evbuffer_get_length(in);
	const char *p = (const char *)evbuffer_pullup(in, -1);

	if (n == 0) {
		c->body = json_object();
		return true;
	}
	c->body = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	return json_is_object(c->body);
}

/* --- the answer --- */

static const char *method_name(enum evhttp_cmd_type m)
{
	switch ((int)m) {
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	default:
		return "GET";
	}
}

static void answer(struct admin_call *c, int status, json_t *take_json,
		   const char *allow)
{
	const char *const headers[] = {"Allow", allow, NULL};
	char *text = json_dumps(take_json, JSON_INDENT(2));
	enum evhttp_cmd_type method = evhttp_request_get_command(c->req);
	bool looks = method == EVHTTP_REQ_GET;

	log_at(c->a->log, looks ? LOG_DEBUG : LOG_INFO, "admin.request",
	       "method=%s path=%s status=%d", method_name(method),
	       LOGQ(str_z(evhttp_request_get_uri(c->req))), status);
	http_answer(c->req, status, "application/json", str_z(text),
		    allow ? headers : NULL);
	free(text);
	json_decref(take_json);
}

void admin_answer(struct admin_call *c, int status, json_t *take_json)
{
	answer(c, status, take_json, NULL);
}

void admin_done(struct admin_call *c)
{
	admin_answer(c, 200, json_object());
}

void admin_refuse(struct admin_call *c, int status, const char *why)
{
	admin_answer(c, status,
		     json_pack("{s:o}", "error", admin_str(str_z(why))));
}

void admin_reason(struct admin_call *c, enum reason_code code)
{
	int status = 409;

	if (code == REASON_OK) {
		admin_done(c);
		return;
	}
	if (code == REASON_NO_ROOM || code == REASON_NO_OCCUPANT)
		status = 404;
	else if (code == REASON_BAD_REQUEST || code == REASON_BAD_NICK ||
		 code == REASON_TOO_BIG)
		status = 400;
	else if (code == REASON_OVERLOAD || code == REASON_SHUTDOWN)
		status = 503;
	admin_refuse(c, status, reason_text(code));
}

json_t *admin_str(struct str s)
{
	json_t *j = json_stringn(s.n ? s.p : "", s.n);
	struct buf b = BUF_INIT(SIZE_MAX);

	if (j)
		return j;
	for (size_t i = 0, from = 0; i < s.n; from = i)
		if (utf8_next(s, &i) < 0)
			buf_addz(&b, "\xef\xbf\xbd");
		else
			buf_add(&b, str_of(s.p + from, i - from));
	j = json_stringn(b.p, b.n);
	buf_done(&b);
	return j;
}

json_t *admin_time(uint64_t wall_ms)
{
	char z[RFC3339_MAX];

	return wall_ms ? json_string(rfc3339_seconds(wall_ms, z)) : json_null();
}

/* --- routing --- */

static bool matches(const char *route, const struct admin_call *c)
{
	struct str rest = str_z(route);
	size_t i = 0;

	for (; rest.n; i++) {
		struct str want = str_split(&rest, '/');

		if (i == c->n_seg ||
		    (!str_eq(want, STR("*")) && !str_eq(want, c->seg[i])))
			return false;
	}
	return i == c->n_seg;
}

static const struct admin_route *const all_routes[] = {
    admin_room_routes,	 admin_people_routes,  admin_user_routes,
    admin_domain_routes, admin_service_routes,
};

static void route(struct admin_call *c)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(c->req);
	char allow[64] = "";

	for (size_t i = 0; i < sizeof(all_routes) / sizeof(*all_routes); i++) {
		const struct admin_route *r = all_routes[i];

		for (; r->path; r++) {
			if (!matches(r->path, c))
				continue;
			if (r->method == method) {
				r->run(c);
				return;
			}
			if (*allow)
				strcat(allow, ", ");
			strcat(allow, method_name(r->method));
		}
	}
	if (*allow)
		answer(c, 405,
		       json_pack("{s:s}", "error", "method not allowed"),
		       allow);
	else
		admin_refuse(c, 404, "no such resource");
}

static void on_request(void *user, struct evhttp_request *req)
{
	struct admin *a = user;
	struct admin_call c = {
	    .a = a, .req = req, .arena = arena_new(CALL_MAX)};
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	TAILQ_INIT(&c.query);
	if (!read_path(&c, str_z(path)) ||
	    (query && evhttp_parse_query_str(query, &c.query) < 0))
		admin_refuse(&c, 400, "malformed path or query");
	else if (!read_body(&c))
		admin_refuse(&c, 400, "the body is no JSON object");
	else
		route(&c);
	evhttp_clear_headers(&c.query);
	json_decref(c.body);
	arena_free(c.arena);
}

/* --- its life --- */

int admin_new(const struct admin_cfg *cfg, struct admin **out, char why[256])
{
	struct admin *a = mem_new(sizeof(*a));
	int fd = admin_socket_open(&a->socket, cfg->path, why);

	if (fd < 0) {
		free(a);
		return fd;
	}
	a->cfg = *cfg;
	a->log = loop_log(cfg->loop);
	TAILQ_INIT(&a->domain_calls);
	TAILQ_INIT(&a->reload_calls);
	a->http = http_new(&(struct http_cfg){
	    .loop = cfg->loop,
	    .fd = fd,
	    .methods = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
		       EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE,
	    .max_body = BODY_MAX,
	    .request = on_request,
	    .user = a,
	});
	*out = a;
	return 0;
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	admin_socket_remove(&a->socket);
	admin_domains_stop(a);
	admin_reloads_stop(a);
	admin_rooms_stop(a);
	http_free(a->http);
	free(a);
}
