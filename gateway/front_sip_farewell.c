/* Endpoints that are not simply there: being called, just gone, or there
 * because they were called (RFC 4575 §5.7). */
#include "gateway/front_sip_call.h"
#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_watch.h"
#include "gateway/sip_words.h"

#include "base/rfc3339.h"
#include "mapping/reason.h"
#include "mapping/roster.h"

/* One user element: all that the roster takes of him. */
#define USER_MAX 262144

static struct str time_text(struct arena *a, uint64_t wall_ms)
{
	char z[RFC3339_MAX];

	return arena_dup(a, str_z(rfc3339_seconds(wall_ms, z)));
}

static void say_gone(struct watched_room *w, struct confinfo_endpoint *e,
		     struct arena *a, const struct roster_failure *why)
{
	struct buf reason = BUF_INIT(8192);

	buf_addz(&reason, "Reason: ");
	sip_reason(&reason, why->status, why->text);
	*e = (struct confinfo_endpoint){
	    .entity = e->entity,
	    .state = CONFINFO_PARTIAL,
	    .status = STR("disconnected"),
	    .disconnection_method = why->method,
	    .left = {.when = time_text(a, loop_wall_ms(w->f->loop)),
		     .reason = arena_dup(a, buf_str(&reason)),
		     .by = why->by},
	};
	buf_done(&reason);
}

/* Only what is new of him: the receiver merges it with what he knows. */
static char *written(struct confinfo_user *u)
{
	struct buf b = BUF_INIT(USER_MAX);
	char *z;

	confinfo_user(&b, u);
	z = b.err ? NULL : str_dup(buf_str(&b));
	buf_done(&b);
	return z;
}

char *farewell_of(struct watched_room *w, const struct occupant *o,
		  struct str entity, bool contacts,
		  const struct roster_failure *why)
{
	struct map_roster_cfg cfg = {
	    .entity = entity, .show_contacts = contacts, .elsewhere = *w->user};
	struct arena *a = arena_new(USER_MAX);
	struct confinfo_user u;
	char *z = NULL;

	if (map_occupant_to_confinfo(o, &cfg, a, &u) == 0) {
		struct confinfo_user gone = {.entity = u.entity,
					     .state = CONFINFO_PARTIAL,
					     .n_endpoints = u.n_endpoints,
					     .endpoints = u.endpoints};

		for (size_t i = 0; i < u.n_endpoints; i++)
			say_gone(w, &gone.endpoints[i], a, why);
		z = written(&gone);
	}
	arena_free(a);
	return z;
}

/* --- guests --- */

static struct str guest_key(struct arena *a, const struct guest_view *g)
{
	return arena_printf(a, "call-%llx", (unsigned long long)g->id);
}

char *farewell_of_guest(struct watched_room *w, const struct guest_view *g,
			const struct roster_failure *why)
{
	struct arena *a = arena_new(USER_MAX);
	struct confinfo_endpoint e = {.entity = guest_key(a, g)};
	struct confinfo_user u = {.entity = g->entity,
				  .state = CONFINFO_PARTIAL,
				  .n_endpoints = 1,
				  .endpoints = &e};
	char *z;

	say_gone(w, &e, a, why);
	z = written(&u);
	arena_free(a);
	return z;
}

void farewell_put_guest(struct buf *b, const struct guest_view *g)
{
	struct arena *a = arena_new(USER_MAX);
	struct confinfo_endpoint e = {
	    .entity = guest_key(a, g),
	    .state = CONFINFO_FULL,
	    .status = g->alerting ? STR("alerting") : STR("dialing-out"),
	    .joining_method = STR("dialed-out"),
	};
	struct confinfo_user u = {.entity = g->entity,
				  .state = CONFINFO_FULL,
				  .n_endpoints = 1,
				  .endpoints = &e};

	if (g->by.n)
		e.referred = (struct confinfo_execution){
		    .when = time_text(a, g->since_ms), .by = g->by};
	confinfo_user(b, &u);
	arena_free(a);
}

void farewell_decorate(struct front_sip *f, const struct occupant *o,
		       struct arena *a, struct confinfo_user *u)
{
	const struct device *d = o->devices;

	for (size_t i = 0; i < u->n_endpoints && d; i++, d = d->next) {
		const struct call *c = guest_call(f, d->seat);
		struct confinfo_endpoint *e = &u->endpoints[i];

		if (!c || !c->invited)
			continue;
		e->joining_method = STR("dialed-out");
		e->joined.when = time_text(a, c->joined_ms);
		e->joined.by = e->referred.by = c->invited_by;
	}
}
