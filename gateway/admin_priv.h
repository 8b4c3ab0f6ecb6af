/* Shared by the files of the administrator's interface. */
#pragma once

#include <event2/keyvalq_struct.h>
#include <jansson.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "gateway/admin.h"
#include "gateway/admin_socket.h"
#include "gateway/http.h"

#define ADMIN_SEGMENTS 4

struct admin {
	struct admin_cfg cfg;
	struct log *log;
	struct admin_socket socket;
	struct http *http;
	TAILQ_HEAD(, domain_call) domain_calls; /* that wait for DNS */
	TAILQ_HEAD(, reload_call) reload_calls; /* for the SIP process */
};

/* A request that is being answered. */
struct admin_call {
	struct admin *a;
	struct evhttp_request *req;
	struct arena *arena;
	struct str seg[ADMIN_SEGMENTS]; /* of the path, decoded */
	size_t n_seg;
	json_t *body; /* an object; empty if the request had none */
	struct evkeyvalq query;
};

/* A resource: its path, where * stands for any name, and what its methods do.
 */
struct admin_route {
	const char *path;
	enum evhttp_cmd_type method;
	void (*run)(struct admin_call *c);
};
/* Each up to an entry without a path. */
extern const struct admin_route admin_room_routes[], admin_people_routes[],
    admin_user_routes[], admin_domain_routes[], admin_service_routes[];

/* Exactly one of these ends a call, at once or (http_answer_later) later. json
 * is consumed. */
void admin_answer(struct admin_call *c, int status, json_t *take_json);
void admin_done(struct admin_call *c); /* an empty object */
void admin_refuse(struct admin_call *c, int status, const char *why);
/* With the status that goes with the reason. */
void admin_reason(struct admin_call *c, enum reason_code code);

/* A parameter of the query or a member of the body, as text; empty if there is
 * none. */
struct str admin_param(struct admin_call *c, const char *name);
/* Any octets as a JSON string. */
json_t *admin_str(struct str s);
/* A time as in RFC 3339, or null for 0. */
json_t *admin_time(uint64_t wall_ms);

/* --- admin_rooms.c --- */

/* The room that the path names, or NULL and the call is answered. */
struct room *admin_room(struct admin_call *c);

/* Answers the questions that are still open. */
void admin_rooms_stop(struct admin *a);

/* --- admin_people.c --- */

json_t *admin_roster(const struct room *r, uint64_t now);
json_t *admin_affiliations(const struct room *r);

/* --- admin_settings.c --- */

json_t *admin_settings(const struct room_policy *p);
/* Changes what the object's members name; new strings are in the call's arena.
 * False: something is wrong and the call is answered. */
bool admin_settings_read(struct admin_call *c, json_t *from,
			 struct room_policy *p);

/* --- admin_domain.c --- */

/* Answers all that wait. */
void admin_domains_stop(struct admin *a);

/* --- admin_service.c --- */

/* The same for those that wait for a reload. */
void admin_reloads_stop(struct admin *a);
