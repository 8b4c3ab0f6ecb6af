/* A conference's documents, one after another, with a NUL between them:
 * whatever they say, the roster's users have names of their own, and the user
 * himself stays in it. */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/back_sip_priv.h"
#include "tests/lib/fake_seat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t ids;

static void send_nothing(void *user, const struct port_msg *m)
{
	(void)user;
	(void)m;
}

static uint64_t next_id(void *user)
{
	(void)user;
	return ++ids;
}

static const struct map_domains *no_domains(void *user)
{
	static const struct map_domains none;

	(void)user;
	return &none;
}

static struct config *config(void)
{
	static const char text[] =
	    "msrp { listen = {\"tcp:127.0.0.1:0\"} }\n"
	    "domain \"conf.test\" { rooms = sip "
	    "route = \"sip:127.0.0.1:9\" max-occupants = 50 }\n";
	char name[] = "/tmp/stox-fuzz-XXXXXX";
	int fd = mkstemp(name);
	struct config *c;

	if (write(fd, text, sizeof(text) - 1) < 0 || config_load(name, &c) < 0)
		abort();
	close(fd);
	unlink(name);
	return c;
}

struct place {
	struct loop *loop;
	struct config *config;
	struct msrp *msrp;
};

static struct place *place(void)
{
	static struct place w;
	struct msrp_cfg msrp = {0};
	char why[256];

	if (w.loop)
		return &w;
	w.loop = loop_new(NULL, NULL);
	w.config = config();
	msrp.loop = w.loop;
	msrp.listen = w.config->msrp.listen;
	msrp.n_listen = w.config->msrp.n_listen;
	if (msrp_new(&msrp, &w.msrp, why) < 0)
		abort();
	return &w;
}

static void check(struct bs_leg *l)
{
	const struct occupant *o;
	size_t it = 0, own = 0;

	while ((o = leg_next(l->leg, &it))) {
		assert(o->nick.n);
		assert(leg_by_nick(l->leg, o->nick) == o);
		own += o->world == WORLD_XMPP;
	}
	if (l->state == BS_OPEN)
		assert(own == 1 && leg_self(l->leg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct place *w = place();
	struct str in = str_of((const char *)data, size < 65536 ? size : 65536);
	struct back_sip *b = back_sip_new(&(struct back_sip_cfg){
	    .loop = w->loop,
	    .config = w->config,
	    .msrp = w->msrp,
	    .domain_names = no_domains,
	    .send = send_nothing,
	    .request_id = next_id,
	});
	struct seat_join join = {
	    .room = STR("r@conf.test"),
	    .world = WORLD_XMPP,
	    .wants = SEAT_WANTS_ROSTER | SEAT_WANTS_SUBJECT,
	    .user = STR("j@x.test"),
	    .jid = STR("j@x.test"),
	    .device = STR("j@x.test/b"),
	    .nick = STR("J"),
	};
	struct fake_seat seat;
	struct bs_leg *l;

	fake_seat_init(&seat);
	if (back_sip_join(b, &join, &seat.seat) != REASON_OK)
		abort();
	l = TAILQ_FIRST(&b->legs);
	l->state = BS_WATCHING;
	while (in.n && !l->ended) {
		bs_document_take(l, str_split(&in, '\0'));
		if (!l->ended)
			check(l);
	}
	while (!l->ended && l->n_documents)
		bs_document_part(b);
	if (!l->ended) {
		bs_open(l);
		check(l);
	}
	back_sip_free(b);
	loop_settle(w->loop);
	fake_seat_done(&seat);
	return 0;
}
