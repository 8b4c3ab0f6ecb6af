/* What each command asks of the daemon. */
#include <stdlib.h>
#include <string.h>

#include "base/uri.h"
#include "gateway/ctl_priv.h"

#define PATH_MAX_BYTES 7500 /* the daemon takes 8192 with the headers */

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

static bool unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~' || c == '@';
}

/* A path of these segments, up to NULL, each escaped; free() it. NULL: too
 * long, or one is empty, and the path would be another one's. */
static char *path_of(const char *const *segments)
{
	struct buf b = BUF_INIT(PATH_MAX_BYTES);

	for (; *segments; segments++) {
		if (!**segments) {
			buf_done(&b);
			return NULL;
		}
		buf_addc(&b, '/');
		uri_escape(&b, str_z(*segments), unreserved);
	}
	return buf_take(&b, NULL);
}

#define PATH(...) path_of((const char *const[]){__VA_ARGS__, NULL})

static int ask_path(struct ctl *c, const char *method, char *take_path,
		    json_t *take_body, void (*show)(const json_t *j, FILE *out))
{
	int status = CTL_USAGE;

	if (take_path) {
		status = ask(c, method, take_path, take_body, show);
	} else {
		fputs("stoxctl: an argument is empty or too long\n", c->err);
		json_decref(take_body);
	}
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

/* --- changing rooms --- */

/* The arguments from the i-th on, with blanks between; free() it. */
static char *words_from(const struct ctl *c, int i)
{
	struct buf b = BUF_INIT(CTL_ARGUMENTS_MAX);

	for (int k = i; k < c->n_args; k++) {
		if (k > i)
			buf_addc(&b, ' ');
		buf_addz(&b, c->args[k]);
	}
	return buf_take(&b, NULL);
}

/* {"name": words from the i-th on}, or without it when there are none. The
 * words must be UTF-8. */
static json_t *with_words(json_t *take_object, const char *name,
			  const struct ctl *c, int i)
{
	char *words = c->n_args > i ? words_from(c, i) : NULL;

	if (words)
		json_object_set_new(take_object, name, json_string(words));
	free(words);
	return take_object;
}

/* A path, with the reason that the arguments give from the i-th on. */
static char *with_reason(char *take_path, const struct ctl *c, int i)
{
	char *words = c->n_args > i ? words_from(c, i) : NULL;
	struct buf b = BUF_INIT(PATH_MAX_BYTES);

	if (!words || !take_path) {
		free(words);
		return take_path;
	}
	buf_addf(&b, "%s?reason=", take_path);
	uri_escape(&b, str_z(words), unreserved);
	free(words);
	free(take_path);
	return buf_take(&b, NULL);
}

static int create(struct ctl *c)
{
	return ask(c, "POST", "/rooms", json_pack("{s:s}", "room", c->args[0]),
		   NULL);
}

static int destroy(struct ctl *c)
{
	return ask_path(c, "DELETE",
			with_reason(PATH("rooms", c->args[0]), c, 1), NULL,
			NULL);
}

static int subject(struct ctl *c)
{
	return ask_path(c, "PATCH", PATH("rooms", c->args[0]),
			with_words(json_object(), "subject", c, 1), NULL);
}

static int set(struct ctl *c)
{
	json_t *one = with_words(json_object(), c->args[1], c, 2);

	return ask_path(c, "PATCH", PATH("rooms", c->args[0]),
			json_pack("{s:o}", "settings", one), NULL);
}

/* --- changing people --- */

static int kick(struct ctl *c)
{
	char *path = PATH("rooms", c->args[0], "occupants", c->args[1]);

	return ask_path(c, "DELETE", with_reason(path, c, 2), NULL, NULL);
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words;
}

static int role(struct ctl *c)
{
	static const char *const roles[] = {"moderator", "participant",
					    "visitor", NULL};
	json_t *body;

	if (!is_one_of(c->args[2], roles))
		return ctl_usage(c, "role");
	body = json_pack("{s:s}", "role", c->args[2]);
	return ask_path(c, "PATCH",
			PATH("rooms", c->args[0], "occupants", c->args[1]),
			with_words(body, "reason", c, 3), NULL);
}

static char *affiliation_path(struct ctl *c)
{
	return PATH("rooms", c->args[0], "affiliations", c->args[1]);
}

static int affiliation(struct ctl *c)
{
	static const char *const words[] = {"owner", "admin",	"member",
					    "none",  "outcast", NULL};
	json_t *body;

	if (!is_one_of(c->args[2], words))
		return ctl_usage(c, "affiliation");
	body = json_pack("{s:s}", "affiliation", c->args[2]);
	return ask_path(c, "PUT", affiliation_path(c),
			with_words(body, "nick", c, 3), NULL);
}

static int ban(struct ctl *c)
{
	json_t *body = json_pack("{s:s}", "affiliation", "outcast");

	return ask_path(c, "PUT", affiliation_path(c),
			with_words(body, "reason", c, 2), NULL);
}

static int unban(struct ctl *c)
{
	char *path = affiliation_path(c);
	struct buf b = BUF_INIT(PATH_MAX_BYTES);

	if (path)
		buf_addf(&b, "%s?affiliation=outcast", path);
	free(path);
	return ask_path(c, "DELETE", path ? buf_take(&b, NULL) : NULL, NULL,
			NULL);
}

/* --- users --- */

static int user_add(struct ctl *c)
{
	char *password = ctl_password(c);
	json_t *body;
	int status;

	if (!password)
		return CTL_REFUSED;
	body = json_pack("{s:s}", "password", password);
	if (body) {
		status =
		    ask_path(c, "PUT", PATH("users", c->args[1]), body, NULL);
	} else {
		fputs("stoxctl: the password is not UTF-8\n", c->err);
		status = CTL_REFUSED;
	}
	explicit_bzero(password, strlen(password));
	free(password);
	return status;
}

static char *users_of(const char *domain)
{
	struct buf b = BUF_INIT(PATH_MAX_BYTES);

	buf_addz(&b, "/users?domain=");
	uri_escape(&b, str_z(domain), unreserved);
	return buf_take(&b, NULL);
}

static int user(struct ctl *c)
{
	const char *what = c->args[0];
	bool one = c->n_args == 2;

	if (strcmp(what, "list") == 0 && !one)
		return ask(c, "GET", "/users", NULL, ctl_show_users);
	if (strcmp(what, "list") == 0)
		return ask_path(c, "GET", users_of(c->args[1]), NULL,
				ctl_show_users);
	if (strcmp(what, "add") == 0 && one)
		return user_add(c);
	if (strcmp(what, "delete") == 0 && one)
		return ask_path(c, "DELETE", PATH("users", c->args[1]), NULL,
				NULL);
	return ctl_usage(c, "user");
}

const struct ctl_command ctl_commands[] = {
    {"rooms", "", "all rooms", 0, 0, rooms},
    {"room", "ROOM", "a room, its settings and who is in it", 1, 1, room},
    {"create", "ROOM", "make a room", 1, 1, create},
    {"destroy", "ROOM [REASON]", "close a room for good", 1, -1, destroy},
    {"subject", "ROOM TEXT", "set the subject", 2, -1, subject},
    {"set", "ROOM KEY VALUE", "change a setting", 3, -1, set},
    {"kick", "ROOM NICK [REASON]", "remove somebody", 2, -1, kick},
    {"role", "ROOM NICK moderator|participant|visitor [REASON]",
     "change what somebody may do now", 3, -1, role},
    {"ban", "ROOM USER@DOMAIN [REASON]", "remove and keep out", 2, -1, ban},
    {"unban", "ROOM USER@DOMAIN", "let in again", 2, 2, unban},
    {"affiliation", "ROOM USER@DOMAIN owner|admin|member|none|outcast [NICK]",
     "change what a user is; reserve a nickname", 3, 4, affiliation},
    {"user", "add USER@DOMAIN [--password-stdin]",
     "let a SIP user log in, or change his password", 1, 2, user},
    {"user", "delete USER@DOMAIN", "no longer", 1, 2, user},
    {"user", "list [DOMAIN]", "all who may", 1, 2, user},
    {"domains", "", "all domains", 0, 0, domains},
    {"domain", "NAME", "explain a domain, one of ours or any other", 1, 1,
     domain},
    {"status", "", "the daemon", 0, 0, status},
    {"reload", "", "read the configuration file again", 0, 0, reload},
    {NULL, NULL, NULL, 0, 0, NULL},
};
