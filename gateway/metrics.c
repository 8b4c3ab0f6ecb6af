#include "gateway/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/http.h"

#define BACKLOG	      16
#define BYTES_MAX     (4u << 20) /* some 200 for each domain */
#define TYPE	      "text/plain; version=0.0.4; charset=utf-8"
#define HELP(n, t, h) buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", n, h, n, t)

struct metrics {
	struct http *http;
	void (*read)(void *user, struct vitals *v);
	void *user;
};

/* --- the text --- */

static const char *const world_name[WORLDS] = {
    [WORLD_SIP] = "sip",
    [WORLD_XMPP] = "xmpp",
};

/* A family with one sample. */
static void one(struct buf *b, const char *name, const char *type,
		const char *help, uint64_t value)
{
	HELP(name, type, help);
	buf_addf(b, "%s %" PRIu64 "\n", name, value);
}

static void gauge(struct buf *b, const char *name, const char *help,
		  uint64_t value)
{
	one(b, name, "gauge", help, value);
}

static void counter(struct buf *b, const char *name, const char *help,
		    uint64_t value)
{
	one(b, name, "counter", help, value);
}

static void write_rooms(struct buf *b, const struct vitals *v)
{
	gauge(b, "stoxd_rooms", "Rooms there are.", v->rooms);
	HELP("stoxd_occupants", "gauge", "People in rooms, by world.");
	for (int w = 0; w < WORLDS; w++)
		buf_addf(b, "stoxd_occupants{world=\"%s\"} %zu\n",
			 world_name[w], v->occupants[w]);
	HELP("stoxd_messages_in_total", "counter",
	     "Messages taken from people, by world.");
	buf_addf(b, "stoxd_messages_in_total{world=\"sip\"} %" PRIu64 "\n",
		 v->sip.messages_in);
	buf_addf(b, "stoxd_messages_in_total{world=\"xmpp\"} %" PRIu64 "\n",
		 v->xmpp.messages_in);
	counter(b, "stoxd_messages_out_total",
		"Messages put into the queues of SIP users.",
		v->sip.messages_out);
	counter(b, "stoxd_messages_skipped_total",
		"Messages that slow SIP users missed.",
		v->sip.messages_skipped);
}

static void write_sip(struct buf *b, const struct vitals *v)
{
	gauge(b, "stoxd_sip_calls", "SIP users' calls.", v->sip.calls);
	gauge(b, "stoxd_sip_dialogs", "Dialogs that the SIP process holds.",
	      v->sip_child.dialogs);
	gauge(b, "stoxd_subscriptions", "Subscriptions to the events of rooms.",
	      v->sip.subscriptions);
	counter(b, "stoxd_notifies_total", "NOTIFY requests sent.",
		v->sip.notifies);
	HELP("stoxd_sip_refused_total", "counter",
	     "SIP requests refused, by the status of the response.");
	for (int status = 300; v->front_sip && status < 700; status++) {
		uint64_t n = front_sip_refused(v->front_sip, status);

		if (n)
			buf_addf(b,
				 "stoxd_sip_refused_total{status=\"%d\"} "
				 "%" PRIu64 "\n",
				 status, n);
	}
	gauge(b, "stoxd_sip_process_up", "Whether the SIP process runs.",
	      v->sip_process.pid != 0);
	counter(b, "stoxd_sip_process_restarts_total",
		"Restarts of the SIP process.", v->sip_child.restarts);
	counter(b, "stoxd_sip_resent_total",
		"Requests sent again by a new SIP process.",
		v->sip_child.resent);
	gauge(b, "stoxd_sip_ended_dialogs",
	      "Ended dialogs that are remembered, for late requests.",
	      v->sip_child.tombstones);
}

static void write_msrp(struct buf *b, const struct vitals *v)
{
	const struct msrp_stats *m = &v->msrp;

	gauge(b, "stoxd_msrp_connections", "MSRP connections.",
	      v->msrp_load.connections);
	gauge(b, "stoxd_msrp_sessions", "MSRP sessions.",
	      v->msrp_load.sessions);
	gauge(b, "stoxd_msrp_queue_bytes",
	      "Octets that wait to be sent over MSRP.",
	      v->msrp_load.queued_bytes);
	counter(b, "stoxd_msrp_connections_total",
		"MSRP connections so far, either way.", m->connections);
	counter(b, "stoxd_msrp_accepted_total", "MSRP connections accepted.",
		m->accepted);
	counter(b, "stoxd_msrp_requests_in_total", "MSRP requests received.",
		m->requests_in);
	counter(b, "stoxd_msrp_requests_out_total", "MSRP requests sent.",
		m->requests_out);
	counter(b, "stoxd_msrp_bytes_in_total", "Octets received over MSRP.",
		m->bytes_in);
	counter(b, "stoxd_msrp_bytes_out_total", "Octets sent over MSRP.",
		m->bytes_out);
	counter(b, "stoxd_msrp_refused_total", "MSRP requests refused.",
		m->refused);
	counter(b, "stoxd_msrp_congested_total",
		"Messages that a full queue did not take.", m->congested);
	counter(b, "stoxd_msrp_limits_hit_total",
		"Times that an MSRP peer hit a limit.", m->limits_hit);
}

#define LINKS_EACH(v, l)                                                       \
	for (size_t it = 0; (v)->links && links_next((v)->links, &it, &(l));)

static void link_family(struct buf *b, const struct vitals *v, const char *name,
			const char *type, const char *help,
			uint64_t (*value)(const struct link_state *l))
{
	struct link_state l;

	HELP(name, type, help);
	LINKS_EACH(v, l)
	buf_addf(b, "%s{domain=\"%s\"} %" PRIu64 "\n", name, l.domain,
		 value(&l));
}

static uint64_t link_up(const struct link_state *l)
{
	return l->up;
}

static uint64_t link_streams(const struct link_state *l)
{
	return l->streams_up;
}

static uint64_t link_connects(const struct link_state *l)
{
	return l->stats.connects;
}

static uint64_t link_in(const struct link_state *l)
{
	return l->stats.stanzas_in;
}

static uint64_t link_refused(const struct link_state *l)
{
	return l->stats.stanzas_refused;
}

static uint64_t link_bytes(const struct link_state *l)
{
	return l->stats.bytes_out;
}

static uint64_t link_dropped(const struct link_state *l)
{
	return l->stats.dropped;
}

static uint64_t link_queue(const struct link_state *l)
{
	return l->stats.queued_bytes;
}

static void write_links(struct buf *b, const struct vitals *v)
{
	link_family(b, v, "stoxd_xmpp_link_up", "gauge",
		    "Whether a component stream of a domain is up.", link_up);
	link_family(b, v, "stoxd_xmpp_streams_up", "gauge",
		    "Component streams of a domain that are up.", link_streams);
	link_family(b, v, "stoxd_xmpp_link_connects_total", "counter",
		    "Times that a component stream came up.", link_connects);
	link_family(b, v, "stoxd_xmpp_stanzas_in_total", "counter",
		    "Stanzas received.", link_in);
	link_family(b, v, "stoxd_xmpp_stanzas_refused_total", "counter",
		    "Stanzas that were too long or too deep.", link_refused);
	link_family(b, v, "stoxd_xmpp_bytes_out_total", "counter",
		    "Octets handed to the XMPP server.", link_bytes);
	link_family(b, v, "stoxd_xmpp_dropped_total", "counter",
		    "Writes lost because the stream was down or full.",
		    link_dropped);
	link_family(b, v, "stoxd_xmpp_queue_bytes", "gauge",
		    "Octets that wait for the XMPP server.", link_queue);
}

/* A reason's name as label: "REASON_NO_ROOM" as "no-room". */
static void add_reason(struct buf *b, enum reason_code code)
{
	static const char *const names[REASONS] = {
#define X(name, text) #name,
	    REASON_TABLE(X)
#undef X
	};

	for (const char *p = names[code] + strlen("REASON_"); *p; p++)
		buf_addc(b, *p == '_' ? '-' : (char)(*p + 'a' - 'A'));
}

static void write_xmpp(struct buf *b, const struct vitals *v)
{
	gauge(b, "stoxd_xmpp_sessions", "Full JIDs in rooms.",
	      v->xmpp.sessions);
	counter(b, "stoxd_xmpp_joins_total", "Joins of XMPP users.",
		v->xmpp.joins);
	counter(b, "stoxd_xmpp_stanzas_out_total", "Stanzas sent.",
		v->xmpp.stanzas_out);
	counter(b, "stoxd_xmpp_unsent_total", "Stanzas that no stream took.",
		v->xmpp.unsent);
	counter(b, "stoxd_xmpp_ghosts_total",
		"XMPP users found to be gone without a word.", v->xmpp.ghosts);
	counter(b, "stoxd_xmpp_flooders_total",
		"XMPP users removed for sending too much.", v->xmpp.flooders);
	HELP("stoxd_xmpp_refused_total", "counter",
	     "Requests of XMPP users refused, by reason.");
	for (int i = 0; i < REASONS; i++) {
		if (!v->xmpp.refused_for[i])
			continue;
		buf_addz(b, "stoxd_xmpp_refused_total{reason=\"");
		add_reason(b, (enum reason_code)i);
		buf_addf(b, "\"} %" PRIu64 "\n", v->xmpp.refused_for[i]);
	}
	write_links(b, v);
}

static void write_discoveries(struct buf *b, const struct vitals *v)
{
	HELP("stoxd_discoveries_total", "counter",
	     "Domains asked about, by what they speak.");
	for (int i = 0; i < SPEAKS_WORDS; i++)
		buf_addf(
		    b, "stoxd_discoveries_total{outcome=\"%s\"} %" PRIu64 "\n",
		    speaks_word((enum speaks)i), v->discover.ended[i]);
	counter(b, "stoxd_discoveries_refused_total",
		"Domains not asked about, since there were too many.",
		v->discover.refused);
}

static void write_back_muc(struct buf *b, const struct vitals *v)
{
	const struct back_muc_stats *s = &v->back_muc;

	gauge(b, "stoxd_muc_legs", "Places of SIP users in MUCs elsewhere.",
	      s->legs);
	gauge(b, "stoxd_muc_legs_open", "Those whose user is in the room.",
	      s->open);
	counter(b, "stoxd_muc_joins_total", "Joins of MUCs elsewhere.",
		s->joins);
	counter(b, "stoxd_muc_refused_total",
		"Joins that MUCs elsewhere refused.", s->refused);
	counter(b, "stoxd_muc_rejoins_total",
		"Attempts to come back into MUCs elsewhere.", s->rejoins);
	counter(b, "stoxd_muc_messages_in_total",
		"Messages from MUCs elsewhere.", s->messages_in);
	counter(b, "stoxd_muc_messages_out_total",
		"Messages sent to MUCs elsewhere.", s->messages_out);
	counter(b, "stoxd_muc_echoes_total",
		"Messages that MUCs elsewhere have echoed.", s->echoes);
	counter(b, "stoxd_muc_undelivered_total",
		"Messages reported as failed after their response.",
		s->undelivered);
}

static void write_back_sip(struct buf *b, const struct vitals *v)
{
	const struct back_sip_stats *s = &v->back_sip;

	gauge(b, "stoxd_conference_legs",
	      "Places of XMPP users in SIP conferences elsewhere.", s->legs);
	counter(b, "stoxd_conference_joins_total",
		"Joins of SIP conferences elsewhere.", s->joins);
	counter(b, "stoxd_conference_refused_total",
		"Joins that SIP conferences elsewhere refused.", s->refused);
	counter(b, "stoxd_conference_lost_total",
		"MSRP sessions with SIP conferences elsewhere that broke.",
		s->lost);
	counter(b, "stoxd_conference_messages_in_total",
		"Messages from SIP conferences elsewhere.", s->messages_in);
	counter(b, "stoxd_conference_messages_out_total",
		"Messages that SIP conferences elsewhere have taken.",
		s->messages_out);
}

static void write_store(struct buf *b, const struct vitals *v)
{
	counter(b, "stoxd_store_changes_total",
		"Changes written to the database.", v->store.written);
	counter(b, "stoxd_store_transactions_total",
		"Transactions of the database.", v->store.batches);
	counter(b, "stoxd_store_errors_total",
		"Transactions that failed and are tried again.",
		v->store.failed);
	counter(b, "stoxd_store_dropped_total",
		"Changes lost because too many waited.", v->store.dropped);
	gauge(b, "stoxd_store_queue_bytes",
	      "Octets of changes that wait for the database.",
	      v->store.waiting);
}

static void write_files(struct buf *b, const struct vitals *v)
{
	const struct files_stats *f = &v->files;

	gauge(b, "stoxd_files", "Files of SIP users that are kept.", f->files);
	gauge(b, "stoxd_files_bytes", "Octets of files.", f->bytes);
	gauge(b, "stoxd_files_coming", "Files that come in.", f->coming);
	counter(b, "stoxd_files_kept_total", "Files that came in whole.",
		f->kept);
	counter(b, "stoxd_files_refused_total",
		"Files that were too big or met a quota.", f->refused);
	counter(b, "stoxd_files_failed_total",
		"Files that the disk did not take.", f->failed);
	counter(b, "stoxd_files_served_total", "Times that a file was fetched.",
		f->served);
}

static void write_process(struct buf *b, const struct vitals *v)
{
	const struct {
		const char *name;
		const struct process_vitals *of;
	} each[] = {{"stoxd", &v->core}, {"stoxd-sip", &v->sip_process}};

	HELP("stoxd_cpu_seconds_total", "counter", "CPU time, by process.");
	for (size_t i = 0; i < 2; i++)
		buf_addf(b,
			 "stoxd_cpu_seconds_total{process=\"%s\",mode=\"user\"}"
			 " %.2f\n"
			 "stoxd_cpu_seconds_total{process=\"%s\",mode="
			 "\"system\"} %.2f\n",
			 each[i].name, each[i].of->user_s, each[i].name,
			 each[i].of->system_s);
	HELP("stoxd_resident_memory_bytes", "gauge",
	     "Memory in use, by process.");
	for (size_t i = 0; i < 2; i++)
		buf_addf(b,
			 "stoxd_resident_memory_bytes{process=\"%s\"} "
			 "%" PRIu64 "\n",
			 each[i].name, each[i].of->rss_bytes);
	gauge(b, "stoxd_open_fds", "Open descriptors.", v->descriptors);
	gauge(b, "stoxd_max_fds", "Descriptors that may be open.",
	      v->max_descriptors);
	HELP("stoxd_loop_lag_seconds", "gauge",
	     "How late the event loop was, within the last second.");
	buf_addf(b, "stoxd_loop_lag_seconds %.3f\n", (double)v->lag_ms / 1000);
	HELP("stoxd_loop_lag_worst_seconds", "gauge",
	     "How late the event loop was at worst since the start.");
	buf_addf(b, "stoxd_loop_lag_worst_seconds %.3f\n",
		 (double)v->lag_worst_ms / 1000);
}

void metrics_write(struct buf *b, const struct vitals *v)
{
	HELP("stoxd_build_info", "gauge", "1, with the version as label.");
	buf_addf(b, "stoxd_build_info{version=\"%s\"} 1\n", STOX_VERSION);
	HELP("stoxd_start_time_seconds", "gauge",
	     "When stoxd was started, as Unix time.");
	buf_addf(b, "stoxd_start_time_seconds %.3f\n",
		 (double)v->started_ms / 1000);
	write_rooms(b, v);
	write_sip(b, v);
	write_msrp(b, v);
	write_xmpp(b, v);
	write_discoveries(b, v);
	write_back_muc(b, v);
	write_back_sip(b, v);
	write_store(b, v);
	write_files(b, v);
	write_process(b, v);
}

/* --- the server --- */

static void on_request(void *user, struct evhttp_request *req)
{
	struct metrics *m = user;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct buf text = BUF_INIT(BYTES_MAX);
	struct vitals v;

	if (!path || strcmp(path, "/metrics") != 0) {
		http_answer(req, 404, "text/plain", STR("see /metrics\n"),
			    NULL);
		return;
	}
	m->read(m->user, &v);
	metrics_write(&text, &v);
	http_answer(req, text.err ? 500 : 200, TYPE, buf_str(&text), NULL);
	buf_done(&text);
}

int metrics_new(struct loop *loop, const char *address,
		void (*read)(void *user, struct vitals *v), void *user,
		struct metrics **out, char why[256])
{
	struct metrics *m;
	struct addr a;
	int fd = addr_parse(str_z(address), &a);

	if (fd == 0)
		fd = net_listen_tcp(&a, BACKLOG);
	if (fd < 0) {
		snprintf(why, 256, "metrics %.100s: %s", address, err_text(fd));
		return fd;
	}
	m = mem_new(sizeof(*m));
	m->read = read;
	m->user = user;
	m->http = http_new(&(struct http_cfg){
	    .loop = loop,
	    .fd = fd,
	    .methods = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD,
	    .request = on_request,
	    .user = m,
	});
	*out = m;
	return 0;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	http_free(m->http);
	free(m);
}
