#include "sip/sdp.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/scan.h"

/* ---- reading ---- */

static struct str next_word(struct str *rest)
{
	while (rest->n && rest->p[0] == ' ')
		*rest = str_from(*rest, 1);
	return str_split(rest, ' ');
}

/* c=IN IP4 224.2.36.42/127: the address without a multicast suffix. */
static struct str connection_address(struct str v)
{
	struct str addr;

	next_word(&v);
	next_word(&v);
	addr = next_word(&v);
	return str_split(&addr, '/');
}

/* m=message 2855 TCP/MSRP *; what the attributes say is inherited by the
 * caller. */
static int read_media(struct str v, struct sdp_media *m)
{
	struct str port;
	uint64_t n;

	m->type = next_word(&v);
	port = next_word(&v);
	m->proto = next_word(&v);
	m->formats = str_trim(v);
	port = str_split(&port, '/');
	if (str_u64(port, UINT16_MAX, &n) < 0 || m->type.n == 0 ||
	    m->proto.n == 0 || m->formats.n == 0)
		return ERR_SYNTAX;
	m->port = (uint16_t)n;
	return 0;
}

/* a=chatroom, RFC 7701 §8; the plural is what some write (NICK-15). */
static void read_chatroom(struct str tokens, struct sdp_media *m)
{
	m->chatroom = true;
	while (tokens.n) {
		struct str t = next_word(&tokens);

		if (str_ieq(t, STR("nickname")) || str_ieq(t, STR("nicknames")))
			m->nickname = true;
		else if (str_ieq(t, STR("private-messages")))
			m->private_messages = true;
	}
}

static enum sdp_setup read_setup(struct str v)
{
	if (str_ieq(v, STR("active")))
		return SDP_SETUP_ACTIVE;
	if (str_ieq(v, STR("passive")))
		return SDP_SETUP_PASSIVE;
	if (str_ieq(v, STR("actpass")))
		return SDP_SETUP_ACTPASS;
	return SDP_SETUP_NONE;
}

/* How much a fingerprint's hash is worth; 0 = not usable (RFC 8122 §5 bars MD2
 * and MD5). */
static int fingerprint_rank(struct str fp)
{
	static const struct {
		struct str name;
		size_t octets;
	} known[] = {
	    {{"sha-1", 5}, 20},	  {{"sha-224", 7}, 28}, {{"sha-256", 7}, 32},
	    {{"sha-384", 7}, 48}, {{"sha-512", 7}, 64},
	};
	struct str name = next_word(&fp);
	int rank = 0;

	fp = str_trim(fp);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_ieq(name, known[i].name) &&
		    fp.n == known[i].octets * 3 - 1)
			rank = (int)i + 1;
	for (size_t i = 0; i < fp.n; i++)
		if (i % 3 == 2 ? fp.p[i] != ':' : hex_value(fp.p[i]) < 0)
			rank = 0;
	return rank;
}

/* Those of the strongest hash are kept (RFC 8122 §5.1). */
static void read_fingerprint(struct str v, struct sdp_media *m)
{
	int rank = fingerprint_rank(v), best = 0;

	if (m->n_fingerprints)
		best = fingerprint_rank(m->fingerprint[0]);
	if (rank > best)
		m->n_fingerprints = 0;
	if (rank && rank >= best && m->n_fingerprints < SDP_FINGERPRINTS_MAX)
		m->fingerprint[m->n_fingerprints++] = v;
}

static void read_max_size(struct str v, struct sdp_media *m)
{
	uint64_t n;

	/* a size over what we can count is no limit that matters */
	switch (str_u64(v, SIZE_MAX, &n)) {
	case 0:
		m->max_size = (size_t)n;
		break;
	case ERR_TOO_BIG:
		m->max_size = SIZE_MAX;
		break;
	}
}

/* An attribute that stands alone; false: it is none of these. */
static bool read_flag(struct str name, struct sdp_media *m)
{
	static const struct {
		struct str name;
		enum sdp_direction direction;
	} directions[] = {
	    {{"sendrecv", 8}, SDP_SENDRECV},
	    {{"sendonly", 8}, SDP_SENDONLY},
	    {{"recvonly", 8}, SDP_RECVONLY},
	    {{"inactive", 8}, SDP_INACTIVE},
	};

	for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
		if (str_ieq(name, directions[i].name)) {
			m->direction = directions[i].direction;
			return true;
		}
	if (!str_ieq(name, STR("msrp-cema")))
		return false;
	m->cema = true;
	return true;
}

/* Of an attribute given twice the first counts. */
static void set_once(struct str *field, struct str v)
{
	if (field->n == 0)
		*field = v;
}

static void read_attribute(struct str line, struct sdp_media *m)
{
	struct str v = line;
	struct str name = str_trim(str_split(&v, ':'));

	v = str_trim(v);
	if (read_flag(name, m))
		return;
	if (str_ieq(name, STR("chatroom"))) {
		if (!m->chatroom)
			read_chatroom(v, m);
	} else if (str_ieq(name, STR("setup"))) {
		m->setup = read_setup(v);
	} else if (str_ieq(name, STR("accept-types"))) {
		m->has_accept_types = true;
		set_once(&m->accept_types, v);
	} else if (str_ieq(name, STR("accept-wrapped-types"))) {
		set_once(&m->accept_wrapped, v);
	} else if (str_ieq(name, STR("path"))) {
		set_once(&m->path, v);
	} else if (str_ieq(name, STR("max-size")) ||
		   (str_ieq(name, STR("maxsize")) && m->max_size == 0)) {
		read_max_size(v, m);
	} else if (str_ieq(name, STR("fingerprint"))) {
		read_fingerprint(v, m);
	} else if (str_ieq(name, STR("file-selector"))) {
		set_once(&m->file_selector, v);
	} else if (str_ieq(name, STR("file-transfer-id"))) {
		set_once(&m->file_transfer_id, v);
	} else if (str_ieq(name, STR("file-range"))) {
		set_once(&m->file_range, v);
	}
}

/* A line with fingerprints of its own has none of the session's (RFC 8122 §5).
 */
static void inherit_fingerprints(struct sdp_media *m,
				 const struct sdp_media *session)
{
	if (m->n_fingerprints)
		return;
	m->n_fingerprints = session->n_fingerprints;
	memcpy(m->fingerprint, session->fingerprint, sizeof(m->fingerprint));
}

int sdp_parse(struct str in, struct sdp *out)
{
	struct scan s = scan_of(in);
	struct sdp sdp = {0};
	/* what is said before the first m-line, for all of them */
	struct sdp_media session = {0};
	struct sdp_media *m = &session;

	if (in.n > SDP_BYTES_MAX)
		return ERR_TOO_BIG;
	if (str_find(in, '\0') >= 0 || !str_starts(in, STR("v=0")))
		return ERR_SYNTAX;
	while (!scan_done(&s)) {
		struct str line = scan_line(&s);
		struct str v = str_trim(str_from(line, 2));

		if (str_trim_space(line).n == 0)
			continue;
		if (line.n < 2 || line.p[1] != '=')
			return ERR_SYNTAX;
		switch (line.p[0]) {
		case 'o':
			sdp.origin = v;
			break;
		case 'c':
			m->connection = connection_address(v);
			break;
		case 'a':
			read_attribute(v, m);
			break;
		case 'm':
			if (sdp.n_media == SDP_MEDIA_MAX)
				return ERR_TOO_BIG;
			m = &sdp.media[sdp.n_media++];
			m->connection = session.connection;
			m->direction = session.direction;
			m->setup = session.setup;
			if (read_media(v, m) < 0)
				return ERR_SYNTAX;
			break;
		}
	}
	for (size_t i = 0; i < sdp.n_media; i++)
		inherit_fingerprints(&sdp.media[i], &session);
	*out = sdp;
	return 0;
}

/* ---- judging ---- */

/* msrp://host:port/...: the scheme fits the transport (SDP-4), the port is
 * there (SDP-2). */
static bool path_uri_fits(struct str uri, bool check_scheme, bool secure)
{
	static const struct str mark = {"://", 3};
	ptrdiff_t at = str_search(uri, mark), colon, slash;
	struct str scheme, host;
	uint64_t port;

	if (at < 0)
		return false;
	scheme = str_of(uri.p, (size_t)at);
	if (check_scheme &&
	    !str_ieq(scheme, secure ? STR("msrps") : STR("msrp")))
		return false;
	host = str_from(uri, (size_t)at + mark.n);
	slash = str_find(host, '/');
	if (slash < 0)
		return false;
	host = str_of(host.p, (size_t)slash);
	colon = str_rfind(host, ':');
	return colon > 0 && str_u64(str_from(host, (size_t)colon + 1),
				    UINT16_MAX, &port) == 0;
}

static bool path_fits(struct str path, bool secure)
{
	bool leftmost = true;

	if (path.n == 0)
		return false;
	while (path.n) {
		struct str uri = next_word(&path);

		if (uri.n == 0)
			continue;
		if (!path_uri_fits(uri, leftmost, secure))
			return false;
		leftmost = false;
	}
	return !leftmost;
}

/* The type/subtype of an entry, its parameters put into *params. */
static struct str entry_type(struct str entry, struct str *params)
{
	struct str type = str_trim(str_split(&entry, ';'));

	*params = str_trim(entry);
	return type;
}

static bool type_matches(struct str entry, struct str type)
{
	if (str_eq(entry, STR("*")) || str_eq(entry, STR("*/*")))
		return true;
	if (str_ends(entry, STR("/*")))
		return str_istarts(type, str_of(entry.p, entry.n - 1));
	return str_ieq(entry, type);
}

static struct str unquoted(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return str_of(s.p + 1, s.n - 2);
	return s;
}

static bool has_param(struct str params, struct str name, struct str value)
{
	while (params.n) {
		struct str v = str_split(&params, ';');
		struct str n = str_trim(str_split(&v, '='));

		if (str_ieq(n, name))
			return str_ieq(unquoted(str_trim(v)), value);
	}
	return false;
}

/* Each parameter that the entry asks for; a side without any matches (SDP-7).
 */
static bool params_match(struct str wanted, struct str have)
{
	if (have.n == 0)
		return true;
	while (wanted.n) {
		struct str v = str_split(&wanted, ';');
		struct str n = str_trim(str_split(&v, '='));

		if (n.n && !has_param(have, n, unquoted(str_trim(v))))
			return false;
	}
	return true;
}

static bool list_takes(struct str list, struct str type)
{
	struct str have, wanted;

	type = entry_type(type, &have);
	while (list.n) {
		struct str entry = entry_type(next_word(&list), &wanted);

		if (entry.n && type_matches(entry, type) &&
		    params_match(wanted, have))
			return true;
	}
	return false;
}

/* Does the list name anything but the CPIM wrapper? */
static bool names_payload(struct str list)
{
	struct str params;

	while (list.n) {
		struct str entry = entry_type(next_word(&list), &params);

		if (entry.n && !str_ieq(entry, STR("message/cpim")) &&
		    !str_ieq(entry, STR("message/*")))
			return true;
	}
	return false;
}

bool sdp_takes(const struct sdp_media *m, struct str type)
{
	if (m->accept_wrapped.n == 0 && !names_payload(m->accept_types))
		return true;
	return list_takes(m->accept_wrapped, type) ||
	       list_takes(m->accept_types, type);
}

bool sdp_takes_cpim(const struct sdp_media *m)
{
	return list_takes(m->accept_types, STR("message/cpim"));
}

/* A live MSRP stream for messages, whatever types it takes. */
static bool is_message_stream(const struct sdp_media *m, bool *secure)
{
	if (str_ieq(m->proto, STR("TCP/MSRP")))
		*secure = false;
	else if (str_ieq(m->proto, STR("TCP/TLS/MSRP")) ||
		 str_ieq(m->proto, STR("TLS/TCP/MSRP")))
		*secure = true;
	else
		return false;
	return str_ieq(m->type, STR("message")) && m->port != 0 &&
	       m->accept_types.n != 0 && path_fits(m->path, *secure);
}

bool sdp_media_is_push(const struct sdp_media *m, bool *secure)
{
	return m->file_selector.n && m->direction == SDP_SENDONLY &&
	       (!m->file_range.n || str_eq(m->file_range, STR("1-*"))) &&
	       is_message_stream(m, secure);
}

bool sdp_media_is_msrp(const struct sdp_media *m, bool *secure)
{
	return m->file_selector.n == 0 && is_message_stream(m, secure) &&
	       sdp_takes_cpim(m);
}

int sdp_choose(const struct sdp *offer, bool allow_plain, bool allow_secure,
	       bool plain_text)
{
	for (size_t i = 0; i < offer->n_media; i++) {
		const struct sdp_media *m = &offer->media[i];
		bool secure;

		if (m->file_selector.n || !is_message_stream(m, &secure))
			continue;
		if (!(secure ? allow_secure : allow_plain))
			continue;
		if (sdp_takes_cpim(m) ||
		    (plain_text &&
		     list_takes(m->accept_types, STR("text/plain"))))
			return (int)i;
	}
	return -1;
}

enum sdp_setup sdp_answer_setup(enum sdp_setup offered)
{
	return offered == SDP_SETUP_PASSIVE ? SDP_SETUP_ACTIVE
					    : SDP_SETUP_PASSIVE;
}

bool sdp_answer_cema(const struct sdp_media *offered)
{
	bool several = str_find(str_trim_space(offered->path), ' ') >= 0;

	return offered->cema && (!several || sdp_answer_setup(offered->setup) ==
						 SDP_SETUP_ACTIVE);
}

enum sdp_direction sdp_answer_direction(enum sdp_direction offered)
{
	switch (offered) {
	case SDP_SENDONLY:
		return SDP_RECVONLY;
	case SDP_RECVONLY:
		return SDP_SENDONLY;
	case SDP_SENDRECV:
	case SDP_INACTIVE:
		break;
	}
	return offered;
}
