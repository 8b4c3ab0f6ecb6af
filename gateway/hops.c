#include "gateway/hops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blob.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/uri.h"

/* How long an address may be silent while there is another one: 64*T1 would be
 * all the time that a join has. */
#define SILENCE_MS 5000

/* A host's name, and an address */
#define ROUTE_MAX (256 + 2 * ADDR_TEXT_MAX + 32)

struct hops {
	struct hops_cfg cfg;
	struct table *by_req;
};

/* A request until its outcome. */
struct hop {
	struct hops *h;
	uint64_t req;
	struct blob *request;	/* port_encode()d */
	struct locate *locate;	/* NULL: its addresses are known */
	struct deferred cancel; /* given up meanwhile */
	struct location location[LOCATE_MAX];
	size_t n, next;
};

static void hop_free(struct hop *p)
{
	table_del(p->h->by_req, p->req);
	locate_cancel(p->locate);
	defer_cancel(p->h->cfg.loop, &p->cancel);
	blob_unref(p->request);
	free(p);
}

struct hops *hops_new(const struct hops_cfg *cfg)
{
	struct hops *h = mem_new(sizeof(*h));

	h->cfg = *cfg;
	h->by_req = table_new();
	return h;
}

void hops_free(struct hops *h)
{
	struct hop *p;

	if (!h)
		return;
	TABLE_FOREACH (h->by_req, it, p)
		hop_free(p);
	table_free(h->by_req);
	free(h);
}

static void end(struct hop *p, int status, const char *why)
{
	struct port_msg m = port_msg(PORT_RESPONSE), request;
	struct hops *h = p->h;

	if (port_decode(blob_str(p->request), &request) < 0)
		abort(); /* it is our own encoding */
	m.req = p->req;
	m.dlg = request.dlg;
	m.status = status;
	m.number[PORT_OURS] = 1;
	m.f[PORT_F_REASON] = str_z(why);
	hop_free(p);
	h->cfg.answer(h->cfg.user, &m);
}

/* Whom the request goes to by its own words. */
static struct str first_hop(const struct port_msg *m)
{
	return m->f[PORT_F_ROUTE].n ? m->f[PORT_F_ROUTE] : m->f[PORT_F_RURI];
}

/* The URI to send to. By TLS it says by maddr where, since its host is the name
 * that the server's certificate is compared with. */
static void write_route(const struct location *to, struct str name,
			char route[ROUTE_MAX])
{
	bool by = *to->transport != '\0';
	char text[ADDR_TEXT_MAX], port[8] = "";
	unsigned number = addr_port(&to->addr);
	int n;

	addr_text(&to->addr, text);
	n = (int)(strrchr(text, ':') - text);
	if (number)
		snprintf(port, sizeof(port), ":%u", number);
	if (strcmp(to->transport, "tls") == 0)
		snprintf(route, ROUTE_MAX,
			 "sip:%.*s%s;maddr=%.*s;transport=tls", STR_ARG(name),
			 port, n, text);
	else
		snprintf(route, ROUTE_MAX, "sip:%.*s%s%s%s", n, text, port,
			 by ? ";transport=" : "", to->transport);
}

static void send_next(struct hop *p)
{
	const struct location *to = &p->location[p->next++];
	char route[ROUTE_MAX];
	struct port_msg m;

	if (port_decode(blob_str(p->request), &m) < 0)
		abort();
	write_route(to, locate_host(first_hop(&m)), route);
	m.f[PORT_F_ROUTE] = str_z(route);
	if (p->next < p->n)
		m.number[0] = SILENCE_MS;
	p->h->cfg.send(p->h->cfg.user, &m);
}

/* What the URI says of the transport holds for its addresses, too. */
static const char *transport_of(const struct hop *p)
{
	struct str value;
	struct port_msg m;
	struct uri u;

	if (port_decode(blob_str(p->request), &m) < 0)
		abort();
	if (uri_parse(first_hop(&m), &u) < 0 ||
	    !uri_param(u.params, STR("transport"), &value))
		return "";
	return str_ieq(value, STR("tcp")) ? "tcp" : "udp";
}

/* RFC 7247 §7: nothing there is 404, not known is 504 (DNS-10). */
static void on_located(void *user, enum dns_status status,
		       const struct location *location, size_t n)
{
	struct hop *p = user;

	p->locate = NULL;
	for (size_t i = 0; i < n; i++) {
		p->location[i] = location[i];
		if (!*location[i].transport)
			p->location[i].transport = transport_of(p);
	}
	p->n = n;
	if (status == DNS_FOUND)
		send_next(p);
	else if (status == DNS_FAILED)
		end(p, 504, "No Answer from the Name Servers");
	else
		end(p, 404, "No Such Host");
}

static bool speaks(const struct config *c, enum transport t)
{
	for (size_t i = 0; i < c->sip.n_listen; i++)
		if (c->sip.listen[i].transport == t)
			return true;
	return false;
}

struct locate_by hops_by(const struct config *c)
{
	return (struct locate_by){
	    .udp = speaks(c, TRANSPORT_UDP),
	    .tcp = speaks(c, TRANSPORT_TCP),
	    .tls = speaks(c, TRANSPORT_TLS),
	};
}

static struct hop *hop_new(struct hops *h, const struct port_msg *m)
{
	struct buf b = BUF_INIT(PORT_BODY_MAX);
	struct hop *p;

	port_encode(&b, m);
	if (b.err) {
		buf_done(&b);
		return NULL;
	}
	p = mem_new(sizeof(*p));
	p->h = h;
	p->req = m->req;
	p->request = blob_new(buf_str(&b));
	buf_done(&b);
	table_put(h->by_req, p->req, p);
	return p;
}

static void dial(struct hops *h, const struct port_msg *m)
{
	struct str uri = first_hop(m);
	struct hop *p = locate_needed(uri) ? hop_new(h, m) : NULL;

	if (!p) {
		h->cfg.send(h->cfg.user, m);
		return;
	}
	p->locate =
	    locate(h->cfg.dns, uri, hops_by(h->cfg.config), on_located, p);
}

static void on_cancel(void *user)
{
	end(user, 487, "Request Terminated");
}

void hops_send(struct hops *h, const struct port_msg *m)
{
	struct hop *p = table_get(h->by_req, m->req);

	if (m->type == PORT_DIAL) {
		dial(h, m);
	} else if (p && p->locate) {
		locate_cancel(p->locate);
		p->locate = NULL;
		/* later, as the SIP process would tell it */
		defer(h->cfg.loop, &p->cancel, on_cancel, p);
	} else {
		if (p)
			p->next = p->n;
		h->cfg.send(h->cfg.user, m);
	}
}

bool hops_response(struct hops *h, const struct port_msg *m)
{
	struct hop *p = table_get(h->by_req, m->req);
	bool silence = m->status == 408 && m->f[PORT_F_TO_TAG].n == 0;

	if (!p)
		return false;
	if ((m->status == 503 || silence) && p->next < p->n) {
		send_next(p);
		return true;
	}
	hop_free(p);
	return false;
}
