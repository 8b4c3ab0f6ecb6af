#include "gateway/front_xmpp_config.h"

#include <stdio.h>

#include "base/err.h"
#include "mapping/account.h"

#define FIELD(name)	"muc#roomconfig_" name
#define HISTORY_MOST	1000 /* an owner may have, or the file's if more */
#define TEXT_MOST	4096
#define LANGUAGE_MOST	64
#define NAME_MAX_OCTETS 8192

static const struct privilege {
	const char *name, *label;
	bool allowed;
	unsigned role;
} privileges[] = {
    {"anyone", "Anyone", true, ROLE_NONE},
    {"participants", "Those with a voice", true, ROLE_PARTICIPANT},
    {"moderators", "Moderators", true, ROLE_MODERATOR},
    {"none", "Nobody", false, ROLE_NONE},
};
#define N_PRIVILEGES (sizeof(privileges) / sizeof(*privileges))

/* --- writing --- */

static void put_private(struct buf *b, const struct room_policy *p)
{
	const char *now = "none";

	form_field_open(b, FIELD("allowpm"), "list-single",
			"Who may send private messages?");
	for (size_t i = 0; i < N_PRIVILEGES; i++)
		if (p->private_messages && privileges[i].allowed &&
		    privileges[i].role <= p->private_role)
			now = privileges[i].name;
	form_put_value(b, str_z(now));
	for (size_t i = 0; i < N_PRIVILEGES; i++)
		form_put_option(b, privileges[i].label,
				str_z(privileges[i].name));
	form_field_close(b);
}

static void put_whois(struct buf *b, const struct room_policy *p)
{
	form_field_open(b, FIELD("whois"), "list-single",
			"Who may see real addresses?");
	form_put_value(b, p->non_anonymous ? STR("anyone") : STR("moderators"));
	form_put_option(b, "Moderators", STR("moderators"));
	form_put_option(b, "Anyone", STR("anyone"));
	form_field_close(b);
}

static void put_number_option(struct buf *b, size_t n)
{
	char z[24];

	snprintf(z, sizeof(z), "%zu", n);
	form_put_option(b, z, str_z(z));
}

/* Steps below what the domain allows, and that. */
static void put_max_users(struct buf *b, size_t now, size_t most)
{
	static const size_t steps[] = {10, 20, 50, 100, 200, 500, 1000};
	char z[24];

	snprintf(z, sizeof(z), "%zu", now);
	form_field_open(b, FIELD("maxusers"), "list-single",
			"How many people may be in the room?");
	form_put_value(b, str_z(z));
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (steps[i] < most && steps[i] != now)
			put_number_option(b, steps[i]);
	if (now != most)
		put_number_option(b, now);
	put_number_option(b, most);
	form_field_close(b);
}

static void put_people(struct front_xmpp *f, struct buf *b,
		       const struct room *r, const char *var, const char *label,
		       enum affiliation which)
{
	const struct room_affiliation *a;
	size_t it = 0;

	form_field_open(b, var, "jid-multi", label);
	while ((a = room_affiliations(r, &it))) {
		struct buf jid = BUF_INIT(NAME_MAX_OCTETS);

		if (a->affiliation == which && !a->hidden &&
		    map_account_to_jid(fx_domains(f), a->user, &jid) == 0)
			form_put_value(b, buf_str(&jid));
		buf_done(&jid);
	}
	form_field_close(b);
}

static struct room_policy configured(struct front_xmpp *f, struct str room)
{
	struct room_policy p = {0};

	f->cfg.policy(f->cfg.user, room, &p);
	return p;
}

static size_t most_users(const struct room_policy *file, size_t now)
{
	return file->max_occupants ? file->max_occupants : now;
}

static void put_switches(struct buf *b, const struct room_policy *p)
{
	form_put_bool(b, FIELD("enablelogging"), "Keep what is written?",
		      p->logged);
	form_put_bool(b, FIELD("enablearchiving"), "Keep an archive?",
		      p->logged);
	form_put_bool(b, FIELD("changesubject"),
		      "May all with a voice set the subject?",
		      !p->subject_by_moderators);
	form_put_bool(b, FIELD("allowinvites"), "May everybody invite others?",
		      p->invites);
	form_put_bool(b, FIELD("publicroom"), "List the room publicly?",
		      p->public);
	form_put_bool(b, FIELD("persistentroom"),
		      "Keep the room when nobody is in it?", p->persistent);
	form_put_bool(b, FIELD("moderatedroom"),
		      "Do newcomers need to be given a voice?", p->moderated);
	form_put_bool(b, FIELD("membersonly"), "May only members enter?",
		      p->members_only);
	form_put_bool(b, FIELD("passwordprotectedroom"),
		      "Does one need a password to enter?", p->password.n > 0);
}

void fx_config_write(struct front_xmpp *f, struct buf *b, const struct room *r)
{
	const struct room_policy *p = room_policy(r);
	struct room_policy file;
	struct room_info info;

	room_info(r, &info);
	file = configured(f, info.address);
	buf_addz(b, "<query xmlns='" NS_MUC_OWNER "'>");
	form_begin(b, "form", FORM_ROOMCONFIG);
	x_put_text(b, "title", STR("Settings of the room"));
	form_put(b, FIELD("roomname"), "text-single", "Name", p->title);
	form_put(b, FIELD("roomdesc"), "text-single", "Description",
		 p->description);
	form_put(b, FIELD("lang"), "text-single", "Language", p->language);
	put_switches(b, p);
	form_put(b, FIELD("roomsecret"), "text-private", "Password",
		 p->password);
	put_private(b, p);
	put_whois(b, p);
	put_max_users(b, p->max_occupants, most_users(&file, p->max_occupants));
	form_put_number(b, "muc#maxhistoryfetch", "text-single",
			"How many messages are newcomers shown?",
			p->history == SIZE_MAX ? 0 : p->history);
	put_people(f, b, r, FIELD("roomadmins"), "Admins", AFF_ADMIN);
	put_people(f, b, r, FIELD("roomowners"), "Owners", AFF_OWNER);
	form_end(b);
	buf_addz(b, "</query>");
}

/* --- reading --- */

static int read_text(const struct form *form, const char *var, size_t most,
		     struct str *out)
{
	if (!form_field(form, var))
		return 0;
	*out = form_value(form, var);
	return out->n <= most ? 0 : ERR_SYNTAX;
}

/* RFC 5646: letters, digits and hyphens. */
static int read_language(const struct form *form, struct str *out)
{
	int err = read_text(form, FIELD("lang"), LANGUAGE_MOST, out);

	for (size_t i = 0; err == 0 && i < out->n; i++) {
		char c = (char)(out->p[i] | 0x20);

		if (!(c >= 'a' && c <= 'z') && out->p[i] != '-' &&
		    !(out->p[i] >= '0' && out->p[i] <= '9'))
			return ERR_SYNTAX;
	}
	return err;
}

/* Two names of one thing, for clients that set the one when they make a room
 * and for the registered one: whichever was changed counts. */
static int read_logged(const struct form *form, struct room_policy *p)
{
	bool logged = p->logged, archived = p->logged;

	if (form_bool(form, FIELD("enablelogging"), &logged) < 0 ||
	    form_bool(form, FIELD("enablearchiving"), &archived) < 0)
		return ERR_SYNTAX;
	if (logged != p->logged || archived != p->logged)
		p->logged = !p->logged;
	return 0;
}

static int read_switches(const struct form *form, struct room_policy *p)
{
	bool subject = !p->subject_by_moderators;
	const struct {
		const char *var;
		bool *at;
	} switches[] = {
	    {FIELD("changesubject"), &subject},
	    {FIELD("allowinvites"), &p->invites},
	    {FIELD("publicroom"), &p->public},
	    {FIELD("persistentroom"), &p->persistent},
	    {FIELD("moderatedroom"), &p->moderated},
	    {FIELD("membersonly"), &p->members_only},
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (form_bool(form, switches[i].var, switches[i].at) < 0)
			return ERR_SYNTAX;
	p->subject_by_moderators = !subject;
	return read_logged(form, p);
}

/* A room that asks for a password has one (XEP-0045 §10.1.3). */
static int read_password(const struct form *form, struct room_policy *p)
{
	bool wanted = p->password.n > 0;
	struct str secret = p->password;

	if (form_bool(form, FIELD("passwordprotectedroom"), &wanted) < 0 ||
	    read_text(form, FIELD("roomsecret"), TEXT_MOST, &secret) < 0 ||
	    (wanted && !secret.n))
		return ERR_SYNTAX;
	p->password = wanted ? secret : STR_NONE;
	return 0;
}

static int read_private(const struct form *form, struct room_policy *p)
{
	struct str v = form_value(form, FIELD("allowpm"));

	if (!form_field(form, FIELD("allowpm")))
		return 0;
	for (size_t i = 0; i < N_PRIVILEGES; i++)
		if (str_eq(v, str_z(privileges[i].name))) {
			p->private_messages = privileges[i].allowed;
			p->private_role = privileges[i].role;
			return 0;
		}
	return ERR_SYNTAX;
}

static int read_whois(const struct form *form, struct room_policy *p)
{
	struct str v = form_value(form, FIELD("whois"));

	if (!form_field(form, FIELD("whois")))
		return 0;
	p->non_anonymous = str_eq(v, STR("anyone"));
	return p->non_anonymous || str_eq(v, STR("moderators")) ? 0
								: ERR_SYNTAX;
}

/* Within what the administrator allows. */
static int read_numbers(const struct form *form, const struct room_policy *file,
			struct room_policy *p)
{
	size_t most = most_users(file, p->max_occupants);
	struct str users = form_value(form, FIELD("maxusers"));
	uint64_t n = most, kept = p->history;
	uint64_t most_kept =
	    file->history > HISTORY_MOST && file->history != SIZE_MAX
		? file->history
		: HISTORY_MOST;

	if (form_field(form, FIELD("maxusers"))) {
		if (users.n && !str_eq(users, STR("none")) &&
		    (str_u64(users, most, &n) < 0 || n == 0))
			return ERR_SYNTAX;
		p->max_occupants = (size_t)n;
	}
	if (form_field(form, "muc#maxhistoryfetch")) {
		if (str_u64(form_value(form, "muc#maxhistoryfetch"), most_kept,
			    &kept) < 0)
			return ERR_SYNTAX;
		p->history = kept ? (size_t)kept : SIZE_MAX;
	}
	return 0;
}

int fx_config_read(struct front_xmpp *f, const struct form *form,
		   struct str room, struct room_policy *p)
{
	struct room_policy file = configured(f, room);

	if (read_text(form, FIELD("roomname"), TEXT_MOST, &p->title) < 0 ||
	    read_text(form, FIELD("roomdesc"), TEXT_MOST, &p->description) <
		0 ||
	    read_language(form, &p->language) < 0 ||
	    read_switches(form, p) < 0 || read_password(form, p) < 0 ||
	    read_private(form, p) < 0 || read_whois(form, p) < 0 ||
	    read_numbers(form, &file, p) < 0)
		return ERR_SYNTAX;
	return 0;
}

/* --- admins and owners --- */

/* Somebody on the form's lists. */
struct wish {
	struct str user;
	enum affiliation affiliation;
	bool there; /* on the room's list, too */
};

struct people {
	struct front_xmpp *f;
	bool named[AFF_OWNER + 1]; /* the form has the list */
	struct wish *want;
	size_t n_want;
	struct seat_cmd *cmd;
	struct seat_change *changes;
};

static struct wish *wanted(struct people *p, struct str user)
{
	for (size_t i = 0; i < p->n_want; i++)
		if (str_eq(p->want[i].user, user))
			return &p->want[i];
	return NULL;
}

static int read_list(struct people *p, const struct form *form, const char *var,
		     enum affiliation which)
{
	const struct form_field *field = form_field(form, var);
	int err = 0;

	p->named[which] = field != NULL;
	for (size_t i = 0; field && i < field->n_values && err == 0; i++) {
		struct str jid = str_trim_space(field->values[i]);
		struct buf key = BUF_INIT(NAME_MAX_OCTETS);
		struct wish *c;

		if (jid.n)
			err = map_jid_to_account(fx_domains(p->f), jid, &key);
		c = wanted(p, buf_str(&key));
		if (jid.n && err == 0 && !c) {
			c = &p->want[p->n_want++];
			c->user = arena_dup(p->f->arena, buf_str(&key));
		}
		if (c)
			c->affiliation = which;
		buf_done(&key);
	}
	return err;
}

static int add(struct people *p, struct str user, enum affiliation a)
{
	/* the room's own string goes with the entry */
	user = arena_dup(p->f->arena, user);
	if (p->cmd->n_changes == SEAT_CHANGES_MAX || !user.n)
		return ERR_TOO_BIG;
	p->changes[p->cmd->n_changes++] =
	    (struct seat_change){.user = user, .affiliation = a};
	return 0;
}

/* One who is on a list of the form already, maybe no longer. */
static int compare(struct people *p, const struct room_affiliation *a)
{
	struct buf jid = BUF_INIT(NAME_MAX_OCTETS),
		   key = BUF_INIT(NAME_MAX_OCTETS);
	struct wish *c = NULL;
	int err = 0;

	/* in the form in which the owner was shown him */
	if (map_account_to_jid(fx_domains(p->f), a->user, &jid) == 0 &&
	    map_jid_to_account(fx_domains(p->f), buf_str(&jid), &key) == 0)
		c = wanted(p, buf_str(&key));
	if (c && c->affiliation != a->affiliation)
		err = add(p, a->user, c->affiliation);
	else if (!c && key.n && a->affiliation >= AFF_ADMIN &&
		 p->named[a->affiliation])
		err = add(p, a->user, AFF_NONE);
	if (c)
		c->there = true;
	buf_done(&jid);
	buf_done(&key);
	return err;
}

int fx_config_read_people(struct front_xmpp *f, const struct form *form,
			  const struct room *r, struct seat_cmd *cmd)
{
	struct people p = {.f = f, .cmd = cmd};
	const struct room_affiliation *a;
	size_t it = 0;
	int err;

	p.want = arena_alloc(f->arena, FORM_VALUES_MAX * sizeof(*p.want));
	p.changes =
	    arena_alloc(f->arena, SEAT_CHANGES_MAX * sizeof(*p.changes));
	if (!p.want || !p.changes)
		return ERR_TOO_BIG;
	err = read_list(&p, form, FIELD("roomadmins"), AFF_ADMIN);
	if (err == 0)
		err = read_list(&p, form, FIELD("roomowners"), AFF_OWNER);
	if (!p.named[AFF_ADMIN] && !p.named[AFF_OWNER])
		return err;
	while (err == 0 && (a = room_affiliations(r, &it)))
		if (!a->hidden)
			err = compare(&p, a);
	for (size_t i = 0; i < p.n_want && err == 0; i++)
		if (!p.want[i].there)
			err = add(&p, p.want[i].user, p.want[i].affiliation);
	cmd->changes = p.changes;
	return err;
}
