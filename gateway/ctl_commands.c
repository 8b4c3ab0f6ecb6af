/* What each command asks of the daemon. */
#include <stdlib.h>
#include <string.h>

#include "base/uri.h"
#include "gateway/ctl_priv.h"

#define PATH_MAX_BYTES 65536

/* --- asking --- */

/* Asks, and shows the answer: by show, or not at all (NULL). */
static int ask(struct ctl *c, const char *method, const char *path,
	       json_t *take_body, void (*show)(const json_t *j, FILE *out))
{
	char *body = take_body ? json_dumps(take_body, JSON_COMPACT) : NULL;
	struct buf answer = BUF_INIT(64u << 20);
	char why[256] = "";
	int status = ctl_http(c->socket, method, path, body, &answer, why);
	json_t *j = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL);
	const char *said = json_string_value(json_object_get(j, "error"));
	bool done = status >= 200 && status < 300 && j;

	if (status < 0)
		fprintf(c->err, "stoxctl: %s\n", why);
	else if (!done)
		fprintf(c->err, "stoxctl: %s\n",
			said ? said : "an answer that is not stoxd's");
	else if (c->json)
		fprintf(c->out, "%s\n", buf_z(&answer));
	else if (show)
		show(j, c->out);
	json_decref(j);
	json_decref(take_body);
	free(body);
	buf_done(&answer);
	return done ? CTL_DONE : CTL_REFUSED;
}

/* A path of these segments, up to NULL, each escaped; free() it. */
static char *path_of(const char *const *segments)
{
	struct buf b = BUF_INIT(PATH_MAX_BYTES);

	for (; *segments; segments++) {
		buf_addc(&b, '/');
		uri_escape(&b, str_z(*segments), uri_param_char);
	}
	return buf_take(&b, NULL);
}

#define PATH(...) path_of((const char *const[]){__VA_ARGS__, NULL})

static int ask_path(struct ctl *c, const char *method, char *take_path,
		    json_t *take_body, void (*show)(const json_t *j, FILE *out))
{
	int status = CTL_USAGE;

	if (take_path)
		status = ask(c, method, take_path, take_body, show);
	else
		fputs("stoxctl: the arguments are too long\n", c->err);
	free(take_path);
	return status;
}

/* --- the commands --- */

static int rooms(struct ctl *c)
{
	return ask(c, "GET", "/rooms", NULL, ctl_show_rooms);
}

static int room(struct ctl *c)
{
	return ask_path(c, "GET", PATH("rooms", c->args[0]), NULL,
			ctl_show_room);
}

static int domains(struct ctl *c)
{
	return ask(c, "GET", "/domains", NULL, ctl_show_domains);
}

static int domain(struct ctl *c)
{
	return ask_path(c, "GET", PATH("domains", c->args[0]), NULL,
			ctl_show_domain);
}

static int status(struct ctl *c)
{
	return ask(c, "GET", "/status", NULL, ctl_show_status);
}

static int reload(struct ctl *c)
{
	return ask(c, "POST", "/reload", json_object(), ctl_show_reload);
}

const struct ctl_command ctl_commands[] = {
    {"rooms", "", "all rooms", 0, 0, rooms},
    {"room", "ROOM", "a room, its settings and who is in it", 1, 1, room},
    {"domains", "", "all domains", 0, 0, domains},
    {"domain", "NAME", "a domain and its link to the XMPP server", 1, 1,
     domain},
    {"status", "", "the daemon", 0, 0, status},
    {"reload", "", "read the configuration file again", 0, 0, reload},
    {NULL, NULL, NULL, 0, 0, NULL},
};
