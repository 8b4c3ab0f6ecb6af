/* The configuration file: libconfuse syntax, every key with a safe default. */
#pragma once

#include "base/log.h"
#include "base/net.h"
#include "conference/room.h"
#include "gateway/access.h"
#include "msrp/msrp.h"
#include "sip/child.h"

enum config_rooms {
	ROOMS_NONE,
	ROOMS_LOCAL,
	ROOMS_SIP,
	ROOMS_XMPP,
	ROOMS_DISCOVER
};
enum config_users { USERS_NONE, USERS_SIP, USERS_FOREIGN };

/* Bits of a domain's `create` and `visitors`. */
#define CREATE_SIP  1u
#define CREATE_XMPP 2u

/* Where the administrator's socket is unless the file says otherwise. */
#define CONFIG_CONTROL "/run/stoxd/control.sock"

/* Whom the conferences of a domain know one of our users as. */
struct login {
	struct str who; /* as in struct access; empty: everybody */
	struct str username, password;
};

struct domain_config {
	const char *name;     /* prepared, as map_prep_domain() does */
	const char *title;    /* for people; "" = none */
	const char *secret;   /* "" = no component */
	unsigned connections; /* component streams */
	enum config_rooms rooms;
	enum config_users users;
	unsigned create; /* CREATE_* */
	const char *factory, *route;
	const char *types;   /* of content, as accept-wrapped-types has them */
	const char *welcome; /* told to SIP users who join; "" = nothing */
	struct room_policy policy; /* of its rooms */
	struct access access;	   /* to them */
	bool lock;
	unsigned notify_interval_ms;
	unsigned min_expires;  /* seconds */
	bool force_tls;	       /* no session over plain TCP */
	bool plain_clients;    /* clients without CPIM may come */
	bool anonymous;	       /* people may come without their name */
	bool outsiders;	       /* who is not in a room may watch it */
	bool invite_by_refer;  /* people on a list are asked to come */
	bool own_copies;       /* of what he says to his other devices */
	bool copies_confirmed; /* each copy asks for a response */
	/* of rooms that live elsewhere */
	unsigned visitors; /* CREATE_*: whose users may go there */
	size_t max_legs;   /* at a time, in one domain; 0: any number */
	/* of "*": names, or "*.name" for all below it; n_open 0: all domains */
	const struct str *open, *closed;
	size_t n_open, n_closed;
	/* of rooms that live in a SIP conference */
	const struct login *logins;
	size_t n_logins;
	bool bare_from;	    /* no gr= in our From (X2S-5) */
	bool rename_joiner; /* whose nickname is taken (NICK-7) */
};

/* A room that is there from the start. */
struct room_config {
	struct str address; /* "name@domain", prepared */
	struct str subject; /* until somebody sets one */
	struct room_policy policy;
	struct access access; /* besides its domain's */
	bool elsewhere;	      /* of an XMPP server: only its password counts */
};

struct config {
	const char *file;
	enum log_level log_level;
	const char *state_dir, *control, *metrics;
	struct {
		struct listen_spec *listen;
		size_t n_listen;
		struct cidr *trust;
		size_t n_trust;
		const char *host, *realm;
		unsigned digest; /* DIGEST_BITs of what users log in by */
		enum sip_verify verify;
		const char **full_rosters; /* names of clients, EVENT-34 */
		size_t n_full_rosters;
	} sip;
	struct {
		struct listen_spec *listen;
		size_t n_listen;
		const char *host;
		uint16_t port, tls_port; /* advertised; 0 = the listener's */
		enum msrp_verify verify;
		size_t max_message, max_send_queue, max_connections;
	} msrp;
	struct {
		struct addr server;
		size_t max_stanza, max_queue;
	} xmpp;
	struct {
		struct addr *servers; /* none: those of the system */
		size_t n_servers;
	} dns;
	struct {
		const char *certificate, *key, *ca, *ciphers;
	} tls;
	struct {
		const char *listen, *base_url; /* "": files are not kept */
		uint64_t max_size, quota, room_quota, user_quota;
		unsigned keep_days; /* 0: for ever */
		size_t max_connections;
		size_t queue; /* octets that wait behind a file of his */
	} files;
	struct {
		size_t rooms, dialogs, subscriptions;
		size_t store_queue; /* octets */
		/* of a room elsewhere, as one user has it: those it shows him,
		 * octets of what is known of those (0: any number), of a
		 * conference's list of them, and of messages that wait */
		size_t leg_occupants, leg_roster, leg_document, leg_queue;
		unsigned leg_away_s;
		size_t legs, user_legs; /* such rooms; 0: any number */
		size_t document_queue;	/* octets of such lists, of all rooms */
		size_t catch_up;    /* messages of an archive, after a break */
		size_t reports;	    /* of one device, of each sort */
		size_t invitations; /* that are remembered */
		/* requests of an address outside sip { trust }, per second;
		 * rate 0: no limit */
		unsigned sip_rate, sip_burst;
		unsigned auth_failures; /* per minute; 0: no limit */
		/* messages, nicknames .. of a user, likewise */
		unsigned message_rate, message_burst;
		unsigned invite_rate, invite_burst; /* rate: a minute */
		unsigned join_rate, join_burst;	    /* of an XMPP user */
	} limits;
	struct domain_config *domains;
	size_t n_domains;
	struct room_config *rooms;
	size_t n_rooms;
	struct arena *strings; /* own what is above */
	void *parsed;
};

/* Reads and checks the file. 0, or ERR_SYNTAX with one line `file:line: what is
 * wrong` in why. */
#define CONFIG_WHY_MAX 1024
int config_read(const char *file, struct config **out,
		char why[CONFIG_WHY_MAX]);
/* The same; the line goes to standard error, and so do warnings. */
int config_load(const char *file, struct config **out);
void config_free(struct config *c);
/* The domain of this name (without case), or NULL. "*" is none. */
const struct domain_config *config_domain(const struct config *c,
					  struct str name);
/* The section "*", of all domains that have none of their own; or NULL. */
const struct domain_config *config_other_domains(const struct config *c);
/* Does that section open this domain, prepared? */
bool config_opens(const struct domain_config *others, struct str domain);
/* Are JIDs of the domain those of SIP users, not of rooms? */
bool config_names_users(const struct domain_config *d);
/* Is there such a domain, attached to an XMPP server? */
bool config_names_any_users(const struct config *c);
/* The section whose rules hold for this domain, prepared: its own, else "*" if
 * that opens it, or NULL. */
const struct domain_config *config_section(const struct config *c,
					   struct str domain);
/* Our credentials for this user (a bare JID or uri_key()) at a domain of other
 * servers: the first entry of its section, or of that of all others, which
 * means him. NULL: there are none. */
const struct login *config_login(const struct config *c, struct str domain,
				 struct str user);
/* The realm of digest authentication: sip { realm }, else sip { host }, else
 * the name of the first domain. */
struct str config_realm(const struct config *c);
/* Is this peer one of sip { trust }? */
bool config_trusts(const struct config *c, const struct addr *peer);
/* The section of this room, or NULL. */
const struct room_config *config_room(const struct config *c,
				      struct str address);
/* What the file wants of this room: by its own section, else by its domain's.
 * NULL: no domain of ours. */
const struct room_policy *config_policy(const struct config *c,
					struct str address);
