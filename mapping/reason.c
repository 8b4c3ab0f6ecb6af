#include "mapping/reason.h"

#include "base/utf8.h"

/* ---- table A: SIP to XMPP ---- */

static const struct {
	int status;
	struct stanza_error error;
} from_sip[] = {
    {301, {"cancel", "gone"}},
    {380, {"modify", "not-acceptable"}},
    {401, {"auth", "not-authorized"}},
    {403, {"auth", "forbidden"}},
    {404, {"cancel", "item-not-found"}},
    {405, {"cancel", "feature-not-implemented"}},
    {406, {"modify", "not-acceptable"}},
    {407, {"auth", "registration-required"}},
    {408, {"wait", "remote-server-timeout"}},
    {410, {"cancel", "gone"}},
    {413, {"modify", "policy-violation"}},
    {414, {"modify", "policy-violation"}},
    {415, {"modify", "not-acceptable"}},
    {416, {"modify", "not-acceptable"}},
    {420, {"cancel", "feature-not-implemented"}},
    {421, {"modify", "not-acceptable"}},
    {423, {"wait", "resource-constraint"}},
    {430, {"wait", "recipient-unavailable"}},
    {439, {"cancel", "feature-not-implemented"}},
    {440, {"modify", "policy-violation"}},
    {480, {"wait", "recipient-unavailable"}},
    {481, {"cancel", "item-not-found"}},
    {482, {"modify", "not-acceptable"}},
    {483, {"modify", "not-acceptable"}},
    {484, {"cancel", "item-not-found"}},
    {485, {"cancel", "item-not-found"}},
    {486, {"wait", "recipient-unavailable"}},
    {487, {"wait", "recipient-unavailable"}},
    {488, {"modify", "not-acceptable"}},
    {489, {"modify", "policy-violation"}},
    {491, {"wait", "unexpected-request"}},
    {501, {"cancel", "feature-not-implemented"}},
    {502, {"cancel", "remote-server-not-found"}},
    {504, {"wait", "remote-server-timeout"}},
    {505, {"modify", "not-acceptable"}},
    {513, {"modify", "policy-violation"}},
    {603, {"cancel", "recipient-unavailable"}},
    {604, {"cancel", "item-not-found"}},
    {606, {"modify", "not-acceptable"}},
};

/* ERR-1: what the table does not list, by its class. */
static struct stanza_error by_class(int status)
{
	if (status < 300)
		return (struct stanza_error){"wait", "remote-server-timeout"};
	if (status < 400)
		return (struct stanza_error){"modify", "redirect"};
	if (status < 500)
		return (struct stanza_error){"modify", "bad-request"};
	if (status < 600)
		return (struct stanza_error){"cancel", "internal-server-error"};
	return (struct stanza_error){"wait", "recipient-unavailable"};
}

struct stanza_error map_sip_to_error(int status, bool retry_after)
{
	struct stanza_error e = by_class(status);

	for (size_t i = 0; i < sizeof(from_sip) / sizeof(from_sip[0]); i++)
		if (from_sip[i].status == status)
			e = from_sip[i].error;
	if (retry_after)
		e.type = "wait";
	return e;
}

/* ---- table B: XMPP to SIP and MSRP ---- */

struct row {
	const char *condition;
	int sip, send, nickname;
};

static const struct row from_error[] = {
    {"bad-request", 400, 400, 424},
    {"conflict", 480, 403, 425},
    {"feature-not-implemented", 501, 403, 403},
    {"forbidden", 403, 403, 403},
    {"gone", 410, 404, 403},
    {"internal-server-error", 500, 408, 408},
    {"item-not-found", 404, 404, 403},
    {"jid-malformed", 404, 404, 424},
    {"not-acceptable", 406, 481, 403},
    {"not-allowed", 403, 403, 403},
    {"not-authorized", 403, 403, 403},
    {"policy-violation", 403, 403, 403},
    {"recipient-unavailable", 480, 404, 408},
    {"redirect", 480, 404, 403},
    {"registration-required", 403, 403, 403},
    {"remote-server-not-found", 404, 408, 408},
    {"remote-server-timeout", 408, 408, 408},
    {"resource-constraint", 500, 408, 408},
    {"service-unavailable", 403, 403, 403},
    {"subscription-required", 400, 403, 403},
    {"unexpected-request", 491, 400, 408},
};

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* ERR-8: undefined-condition and what we have never heard of, by the error's
 * type. */
static struct row by_type(struct stanza_error e)
{
	struct row r = {NULL, 400, 403, 403};

	if (is(e.type, "auth")) {
		r.sip = 403;
	} else if (is(e.type, "wait")) {
		r.sip = 480;
		r.send = 408;
	} else if (is(e.type, "continue")) {
		r.sip = 200;
	}
	return r;
}

static struct row find(struct stanza_error e)
{
	for (size_t i = 0; i < sizeof(from_error) / sizeof(from_error[0]); i++)
		if (is(e.condition, from_error[i].condition))
			return from_error[i];
	return by_type(e);
}

int map_error_to_sip(struct stanza_error e, struct map_error_context c)
{
	if (c.address && is(e.condition, "gone"))
		return 301;
	if (c.address && is(e.condition, "redirect"))
		return 302;
	if (c.no_dialog && is(e.condition, "unexpected-request"))
		return 400;
	if (is(e.condition, "service-unavailable") && is(e.type, "wait"))
		return 486;
	return find(e).sip;
}

int map_error_to_send(struct stanza_error e, struct map_error_context c)
{
	if (c.room_lost && is(e.condition, "item-not-found"))
		return 481;
	if (c.size && is(e.condition, "policy-violation"))
		return 413;
	if (c.private && is(e.condition, "service-unavailable"))
		return 428;
	return find(e).send;
}

int map_error_to_nickname(struct stanza_error e)
{
	return find(e).nickname;
}

unsigned map_retry_after(struct stanza_error e, int sip_status)
{
	bool waits =
	    is(e.type, "wait") || is(e.condition, "resource-constraint");

	if (waits &&
	    (sip_status == 480 || sip_status == 500 || sip_status == 503))
		return 60;
	return 0;
}

/* ---- table C: MSRP to XMPP ---- */

struct stanza_error map_msrp_to_error(int status, bool nickname)
{
	switch (status) {
	case 200:
		return (struct stanza_error){NULL, NULL};
	case 0:
	case 408:
		return (struct stanza_error){"wait", "remote-server-timeout"};
	case 403:
		if (nickname)
			return (struct stanza_error){"cancel",
						     "not-acceptable"};
		return (struct stanza_error){"auth", "forbidden"};
	case 404:
		return (struct stanza_error){"cancel", "item-not-found"};
	case 413:
		return (struct stanza_error){"modify", "policy-violation"};
	case 415:
		return (struct stanza_error){"modify", "not-acceptable"};
	case 424:
		return (struct stanza_error){"modify", "jid-malformed"};
	case 425:
		return (struct stanza_error){"cancel", "conflict"};
	case 428:
		return (struct stanza_error){"cancel", "service-unavailable"};
	case 481:
		return (struct stanza_error){"wait", "recipient-unavailable"};
	case 501:
		return (struct stanza_error){"cancel",
					     "feature-not-implemented"};
	}
	if (status >= 500)
		return (struct stanza_error){"cancel", "internal-server-error"};
	return (struct stanza_error){"modify", "bad-request"};
}

/* ---- the neutral reasons ---- */

struct words {
	int sip, send, nickname; /* statuses */
	struct stanza_error error;
	int muc_status;
	const char *disconnection;
};

/* clang-format off: one row a line */
static const struct words words[REASONS] = {
    [REASON_OK] = {200, 200, 200, {NULL, NULL}, 0, "departed"},
    [REASON_BAD_REQUEST] = {400, 400, 424, {"modify", "bad-request"}, 0, NULL},
    [REASON_BAD_NICK] = {400, 403, 424, {"modify", "jid-malformed"}, 0, NULL},
    [REASON_NICK_TAKEN] = {480, 403, 425, {"cancel", "conflict"}, 0, NULL},
    [REASON_NICK_OFF] = {403, 403, 403, {"cancel", "not-acceptable"}, 0, NULL},
    [REASON_NO_ROOM] = {404, 481, 481, {"cancel", "item-not-found"}, 0, NULL},
    [REASON_MAY_NOT_CREATE] =
	{404, 403, 403, {"cancel", "item-not-found"}, 0, NULL},
    [REASON_LOCKED] = {403, 403, 403, {"cancel", "item-not-found"}, 0, NULL},
    [REASON_NO_OCCUPANT] =
	{404, 404, 403, {"cancel", "item-not-found"}, 0, NULL},
    [REASON_NOT_JOINED] =
	{481, 481, 481, {"cancel", "not-acceptable"}, 0, NULL},
    [REASON_FORBIDDEN] = {403, 403, 403, {"auth", "forbidden"}, 0, NULL},
    [REASON_NOT_ALLOWED] = {403, 403, 403, {"cancel", "not-allowed"}, 0, NULL},
    [REASON_CONFLICT] = {403, 403, 403, {"cancel", "conflict"}, 0, NULL},
    [REASON_ONE_DEVICE] = {403, 403, 403, {"cancel", "not-allowed"}, 0, NULL},
    [REASON_NO_VOICE] = {403, 403, 403, {"auth", "forbidden"}, 0, NULL},
    [REASON_BANNED] = {403, 403, 403, {"auth", "forbidden"}, 301, "booted"},
    [REASON_MEMBERS_ONLY] =
	{403, 403, 403, {"auth", "registration-required"}, 322, "booted"},
    [REASON_PASSWORD] = {403, 403, 403, {"auth", "not-authorized"}, 0, NULL},
    [REASON_FULL] = {486, 403, 403, {"wait", "service-unavailable"}, 0, NULL},
    [REASON_NO_PRIVATE] =
	{403, 428, 403, {"cancel", "service-unavailable"}, 0, NULL},
    [REASON_ON_HOLD] =
	{480, 403, 403, {"wait", "recipient-unavailable"}, 0, NULL},
    [REASON_PRIVATE_OFF] = {403, 403, 403, {"auth", "forbidden"}, 0, NULL},
    [REASON_BAD_TYPE] = {488, 415, 403, {"modify", "not-acceptable"}, 0, NULL},
    [REASON_TOO_BIG] = {413, 413, 424, {"modify", "policy-violation"}, 0, NULL},
    [REASON_OVERLOAD] =
	{503, 403, 403, {"wait", "resource-constraint"}, 0, NULL},
    [REASON_UNSUPPORTED] =
	{501, 403, 403, {"cancel", "feature-not-implemented"}, 0, NULL},
    [REASON_TIMEOUT] =
	{408, 408, 408, {"wait", "remote-server-timeout"}, 333, "failed"},
    [REASON_NO_ANSWER] =
	{504, 408, 408, {"wait", "remote-server-timeout"}, 333, "failed"},
    [REASON_UNAVAILABLE] =
	{480, 404, 408, {"wait", "recipient-unavailable"}, 333, "failed"},
    [REASON_NOT_ACCEPTED] =
	{406, 403, 403, {"modify", "not-acceptable"}, 0, NULL},
    [REASON_FAULT] =
	{500, 408, 408, {"cancel", "internal-server-error"}, 333, "failed"},
    [REASON_MOVED] = {480, 404, 403, {"modify", "redirect"}, 0, NULL},
    [REASON_NO_SERVER] =
	{404, 408, 408, {"cancel", "remote-server-not-found"}, 0, NULL},
    [REASON_BAD_ADDRESS] =
	{404, 404, 424, {"modify", "jid-malformed"}, 0, NULL},
    [REASON_LOOP] = {482, 403, 403, {"modify", "not-acceptable"}, 0, NULL},
    [REASON_DECLINED] =
	{603, 404, 408, {"cancel", "recipient-unavailable"}, 0, NULL},
    [REASON_PENDING] = {491, 400, 408, {"wait", "unexpected-request"}, 0, NULL},
    [REASON_LEFT] =
	{200, 481, 481, {"cancel", "not-acceptable"}, 0, "departed"},
    [REASON_KICKED] = {403, 481, 481, {"auth", "forbidden"}, 307, "booted"},
    [REASON_NOT_MEMBER] =
	{403, 481, 481, {"auth", "registration-required"}, 321, "booted"},
    [REASON_LOST] =
	{480, 481, 481, {"wait", "recipient-unavailable"}, 333, "failed"},
    [REASON_SHUTDOWN] =
	{503, 481, 481, {"wait", "service-unavailable"}, 332, "booted"},
    [REASON_ROOM_GONE] = {410, 481, 481, {"cancel", "gone"}, 0, "booted"},
    [REASON_UNTRUSTED] =
	{488, 481, 481, {"auth", "not-authorized"}, 333, "failed"},
    [REASON_SLOW] =
	{480, 481, 481, {"wait", "resource-constraint"}, 333, "failed"},
    [REASON_FLOOD] =
	{403, 403, 403, {"wait", "resource-constraint"}, 307, "booted"},
};
/* clang-format on */

/* The first that has this error, of those that a refusal from elsewhere may
 * mean. */
static enum reason_code with_error(struct stanza_error e)
{
	static const enum reason_code meant[] = {
	    REASON_BAD_REQUEST,	 REASON_BAD_NICK, REASON_NICK_TAKEN,
	    REASON_NICK_OFF,	 REASON_NO_ROOM,  REASON_FORBIDDEN,
	    REASON_MEMBERS_ONLY, REASON_PASSWORD, REASON_NO_PRIVATE,
	    REASON_NOT_ACCEPTED, REASON_TOO_BIG,  REASON_OVERLOAD,
	    REASON_UNSUPPORTED,	 REASON_TIMEOUT,  REASON_MOVED,
	    REASON_NO_SERVER,	 REASON_FAULT,	  REASON_UNAVAILABLE,
	    REASON_DECLINED,	 REASON_PENDING,  REASON_ROOM_GONE,
	};

	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		if (is(words[meant[i]].error.condition, e.condition) &&
		    is(words[meant[i]].error.type, e.type))
			return meant[i];
	return REASON_FAULT;
}

enum reason_code map_sip_to_reason(int status)
{
	return with_error(map_sip_to_error(status, false));
}

enum reason_code map_msrp_to_reason(int status, bool nickname)
{
	return status == 200 ? REASON_OK
			     : with_error(map_msrp_to_error(status, nickname));
}

/* RFC 3326: what the other side says when it ends a call (X2S-31). */
enum reason_code map_bye_to_reason(int cause)
{
	switch (cause) {
	case 503:
		return REASON_SHUTDOWN;
	case 410:
		return REASON_ROOM_GONE;
	case 408:
	case 480:
	case 481:
	case 500:
		return REASON_LOST;
	default:
		return REASON_KICKED;
	}
}

int map_reason_to_sip(enum reason_code r)
{
	return words[r].sip;
}

int map_reason_to_send(enum reason_code r)
{
	return words[r].send;
}

int map_reason_to_nickname(enum reason_code r)
{
	return words[r].nickname;
}

struct stanza_error map_reason_to_error(enum reason_code r)
{
	return words[r].error;
}

int map_reason_to_muc_status(enum reason_code r)
{
	return words[r].muc_status;
}

struct str map_reason_to_disconnection(enum reason_code r)
{
	/* a join that was refused never connected */
	return str_z(words[r].disconnection ? words[r].disconnection
					    : "failed");
}

/* ---- phrases ---- */

#define PHRASE_MAX 200 /* characters */

void map_phrase(struct buf *out, struct str text)
{
	size_t n = 0;

	text = str_trim_space(text);
	for (size_t i = 0; i < text.n && n < PHRASE_MAX; n++) {
		size_t at = i;
		int32_t cp = utf8_next(text, &i);

		if (cp < 0)
			buf_addz(out, "\xef\xbf\xbd");
		else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
			 !xml_char((uint32_t)cp))
			buf_addc(out, ' ');
		else
			buf_add(out, str_of(text.p + at, i - at));
	}
}
