/* What the file says of rooms: the keys of their policy, in the section of a
 * domain for all its rooms and in that of one room, and the rooms that are
 * there from the start. */
#include <limits.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/config_priv.h"
#include "mapping/account.h"
#include "mapping/addr.h"

struct list_key {
	const char *domain, *room; /* NULL: not there */
	enum affiliation affiliation;
};

/* The domain's admins own all its rooms. */
static const struct list_key lists[] = {
    {"admins", "owners", AFF_OWNER},
    {NULL, "admins", AFF_ADMIN},
    {"members", "members", AFF_MEMBER},
    {"outcasts", "outcasts", AFF_OUTCAST},
};

static bool said(cfg_t *sec, const char *key)
{
	return cfg_getopt(sec, key)->flags & CFGF_MODIFIED;
}

static void read_bool(cfg_t *sec, const char *key, bool always, bool *out)
{
	if (always || said(sec, key))
		*out = cfg_getbool(sec, key);
}

static void read_switches(cfg_t *sec, bool always, struct room_policy *p)
{
	read_bool(sec, "persistent", always, &p->persistent);
	read_bool(sec, "public", always, &p->public);
	read_bool(sec, "private-messages", always, &p->private_messages);
	read_bool(sec, "nicknames", always, &p->nicknames);
	read_bool(sec, "moderated", always, &p->moderated);
	read_bool(sec, "members-only", always, &p->members_only);
	read_bool(sec, "one-device", always, &p->one_device);
	read_bool(sec, "end-with-owner", always, &p->end_with_owner);
	read_bool(sec, "subject-by-moderators", always,
		  &p->subject_by_moderators);
	read_bool(sec, "non-anonymous", always, &p->non_anonymous);
	read_bool(sec, "logged", always, &p->logged);
	read_bool(sec, "invites", always, &p->invites);
	if (always || said(sec, "nick-scope"))
		p->nicks_of_domain =
		    config_word(config_scope, cfg_getstr(sec, "nick-scope"));
}

static void read_numbers(cfg_t *sec, bool always, struct room_policy *p)
{
	size_t history = (size_t)cfg_getint(sec, "history");
	unsigned archive = (unsigned)cfg_getint(sec, "archive");
	unsigned quarantine = (unsigned)cfg_getint(sec, "quarantine");

	if (always || said(sec, "max-occupants"))
		p->max_occupants = (size_t)cfg_getint(sec, "max-occupants");
	if (always || said(sec, "history"))
		p->history = history ? history : SIZE_MAX;
	if (always || said(sec, "archive"))
		p->archive_days = archive ? archive : UINT_MAX;
	if (always || said(sec, "archive-messages"))
		p->archive_messages =
		    (size_t)cfg_getint(sec, "archive-messages");
	if (always || said(sec, "quarantine"))
		p->quarantine_ms = quarantine ? quarantine * 1000 : UINT_MAX;
}

static void read_words(struct arena *a, cfg_t *sec, bool always,
		       struct room_policy *p)
{
	unsigned n = cfg_size(sec, "reserved-nicks");
	struct str *words;

	if (always || said(sec, "language"))
		p->language = str_z(cfg_getstr(sec, "language"));
	if (always || said(sec, "password"))
		p->password = str_z(cfg_getstr(sec, "password"));
	if (!always && !said(sec, "reserved-nicks"))
		return;
	words = arena_alloc(a, (n + 1) * sizeof(*words));
	for (unsigned i = 0; i < n; i++)
		words[i] = str_z(cfg_getnstr(sec, "reserved-nicks", i));
	p->reserved_nicks = words;
	p->n_reserved_nicks = n;
}

static const char *list_name(const struct list_key *k, bool of_room)
{
	return of_room ? k->room : k->domain;
}

static size_t list_size(cfg_t *sec, bool of_room)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (list_name(&lists[i], of_room))
			n += cfg_size(sec, list_name(&lists[i], of_room));
	return n;
}

static void add_list(struct arena *a, cfg_t *sec, const char *key,
		     enum affiliation affiliation, struct room_affiliation *all,
		     size_t *n)
{
	for (unsigned i = 0; i < cfg_size(sec, key); i++) {
		struct buf user = BUF_INIT(8192);

		if (map_account(&user, str_z(cfg_getnstr(sec, key, i))) == 0)
			all[(*n)++] = (struct room_affiliation){
			    .user = arena_dup(a, buf_str(&user)),
			    .affiliation = affiliation,
			    .fixed = true,
			};
		buf_done(&user);
	}
}

static struct str *read_keys(struct arena *a, cfg_t *sec, const char *key,
			     size_t *n)
{
	struct str *keys =
	    arena_alloc(a, (cfg_size(sec, key) + 1) * sizeof(*keys));

	for (unsigned i = 0; i < cfg_size(sec, key); i++) {
		struct buf user = BUF_INIT(8192);

		if (map_account(&user, str_z(cfg_getnstr(sec, key, i))) == 0)
			keys[(*n)++] = arena_dup(a, buf_str(&user));
		buf_done(&user);
	}
	return keys;
}

struct access config_read_access(struct arena *a, cfg_t *sec)
{
	struct access access = {0};

	access.allow = read_keys(a, sec, "allow", &access.n_allow);
	access.deny = read_keys(a, sec, "deny", &access.n_deny);
	return access;
}

/* The domain's list, then the room's own, whose word counts. */
static void read_lists(struct arena *a, cfg_t *sec, bool of_room,
		       struct room_policy *p)
{
	size_t n = 0, max = p->n_fixed + list_size(sec, of_room);
	struct room_affiliation *all;

	if (max == p->n_fixed)
		return;
	all = arena_alloc(a, max * sizeof(*all));
	for (; n < p->n_fixed; n++)
		all[n] = p->fixed[n];
	for (size_t i = sizeof(lists) / sizeof(*lists); i-- > 0;)
		if (list_name(&lists[i], of_room))
			add_list(a, sec, list_name(&lists[i], of_room),
				 lists[i].affiliation, all, &n);
	p->fixed = all;
	p->n_fixed = n;
}

struct room_policy config_read_policy(struct arena *a, cfg_t *domain)
{
	struct room_policy p = {0};

	read_switches(domain, true, &p);
	read_numbers(domain, true, &p);
	read_words(a, domain, true, &p);
	read_lists(a, domain, false, &p);
	return p;
}

/* "name@domain" in the form in which rooms are compared; an error is told where
 * the section stands. */
static int read_address(struct config *c, cfg_t *sec, struct str *out,
			const struct domain_config **domain)
{
	struct str title = str_z(cfg_title(sec));
	ptrdiff_t at = str_rfind(title, '@');
	struct buf b = BUF_INIT(4096);
	int err = ERR_SYNTAX;

	if (at > 0)
		err = map_prep_local(&b, str_of(title.p, (size_t)at));
	if (err == 0) {
		*domain = config_domain(c, str_from(title, (size_t)at + 1));
		if (!*domain || (*domain)->rooms == ROOMS_SIP ||
		    (*domain)->rooms == ROOMS_NONE)
			err = ERR_SYNTAX;
	}
	if (err == 0) {
		buf_addf(&b, "@%s", (*domain)->name);
		*out = arena_dup(c->strings, buf_str(&b));
	} else {
		cfg_error(sec,
			  "room: '%s' is no room of a domain with local rooms, "
			  "nor of one of XMPP servers",
			  cfg_title(sec));
	}
	buf_done(&b);
	return err;
}

static int read_room(struct config *c, cfg_t *sec, struct room_config *out)
{
	const struct domain_config *domain = NULL;
	int err = read_address(c, sec, &out->address, &domain);

	if (err < 0)
		return err;
	for (size_t i = 0; i < c->n_rooms; i++)
		if (str_eq(c->rooms[i].address, out->address)) {
			cfg_error(sec, "room: '%s' has a section already",
				  cfg_title(sec));
			return ERR_SYNTAX;
		}
	out->elsewhere = domain->rooms != ROOMS_LOCAL;
	out->subject = str_z(cfg_getstr(sec, "subject"));
	out->policy = domain->policy;
	out->access = config_read_access(c->strings, sec);
	out->policy.persistent = true;
	out->policy.title = str_z(cfg_getstr(sec, "name"));
	out->policy.description = str_z(cfg_getstr(sec, "description"));
	read_switches(sec, false, &out->policy);
	read_numbers(sec, false, &out->policy);
	read_words(c->strings, sec, false, &out->policy);
	read_lists(c->strings, sec, true, &out->policy);
	return 0;
}

int config_read_rooms(cfg_t *cfg, struct config *c)
{
	unsigned n = cfg_size(cfg, "room");

	c->rooms = arena_alloc(c->strings, (n + 1) * sizeof(*c->rooms));
	for (unsigned i = 0; i < n; i++) {
		struct room_config room = {0};

		if (read_room(c, cfg_getnsec(cfg, "room", i), &room) < 0)
			return ERR_SYNTAX;
		c->rooms[c->n_rooms++] = room;
	}
	return 0;
}

const struct room_config *config_room(const struct config *c,
				      struct str address)
{
	for (size_t i = 0; i < c->n_rooms; i++)
		if (str_eq(c->rooms[i].address, address))
			return &c->rooms[i];
	return NULL;
}

const struct room_policy *config_policy(const struct config *c,
					struct str address)
{
	const struct room_config *room = config_room(c, address);
	const struct domain_config *d = config_domain(
	    c, str_from(address, (size_t)(str_rfind(address, '@') + 1)));

	if (room)
		return &room->policy;
	return d ? &d->policy : NULL;
}
