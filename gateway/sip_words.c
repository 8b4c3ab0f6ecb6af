#include "gateway/sip_words.h"

#include "mapping/reason.h"
#include "msrp/cpim.h"

#define RETRY_MAX_S 86400
#define GRACE_MS    32000 /* before the expiry, RFC 4028 §10 */

struct str sip_header(struct str lines, struct str name)
{
	while (lines.n) {
		struct str line = str_split(&lines, '\n');

		if (str_ieq(str_trim_space(str_split(&line, ':')), name))
			return str_trim_space(line);
	}
	return STR_NONE;
}

bool sip_list_has(struct str list, struct str token)
{
	while (list.n)
		if (str_ieq(str_trim_space(str_split(&list, ',')), token))
			return true;
	return false;
}

bool sip_is_last(const struct port_msg *notify)
{
	struct str state = notify->f[PORT_F_SUB_STATE];

	return str_ieq(str_trim_space(str_split(&state, ';')),
		       STR("terminated"));
}

int sip_fragment(struct str body, struct str *phrase)
{
	struct str line = str_trim_space(str_split(&body, '\n'));
	uint64_t status = 0;

	if (!str_istarts(line, STR("SIP/2.0 ")))
		return 0;
	line = str_from(line, 8);
	if (str_u64(str_split(&line, ' '), 699, &status) < 0)
		return 0;
	*phrase = line;
	return (int)status;
}

void sip_reason(struct buf *b, int status, struct str text)
{
	struct buf clean = BUF_INIT(4096);

	map_phrase(&clean, text);
	buf_addf(b, "SIP;cause=%d;text=\"", status);
	for (size_t i = 0; i < clean.n; i++) {
		if (clean.p[i] == '"' || clean.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, clean.p[i]);
	}
	buf_addc(b, '"');
	buf_done(&clean);
}

int sip_reason_read(struct str value, struct str *text)
{
	struct str rest = value, protocol = str_split(&rest, ';');
	uint64_t cause = 0;

	*text = mime_param(value, STR("text"));
	if (!str_ieq(str_trim_space(protocol), STR("SIP")) ||
	    str_u64(mime_param(value, STR("cause")), 699, &cause) < 0)
		return 0;
	return (int)cause;
}

unsigned sip_max_forwards(const struct port_msg *m)
{
	struct str value =
	    sip_header(m->f[PORT_F_HEADERS], STR("Max-Forwards"));
	uint64_t n = 0;

	return str_u64(value, 255, &n) < 0 ? 70 : (unsigned)n;
}

unsigned sip_retry_after(const struct port_msg *m)
{
	struct str value = sip_header(m->f[PORT_F_HEADERS], STR("Retry-After"));
	uint64_t n = 0;
	size_t digits = 0;

	while (digits < value.n && value.p[digits] >= '0' &&
	       value.p[digits] <= '9')
		digits++;
	if (digits && str_u64(str_of(value.p, digits), UINT32_MAX, &n) < 0)
		n = RETRY_MAX_S;
	return n < RETRY_MAX_S ? (unsigned)n : RETRY_MAX_S;
}

/* Nobody there (DNS-10), nobody who answers or can be reached, or one who makes
 * no sense. */
static enum reason_code unanswered(int status)
{
	switch (status) {
	case 404:
		return REASON_NO_SERVER;
	case 408:
	case 503:
	case 504:
		return REASON_NO_ANSWER;
	case 502:
		return REASON_FAULT;
	default:
		return map_sip_to_reason(status);
	}
}

enum reason_code sip_refusal(const struct port_msg *m)
{
	return m->number[PORT_OURS] ? unanswered(m->status)
				    : map_sip_to_reason(m->status);
}

/* --- session timers --- */

static bool read_expires(struct str value, uint32_t *seconds,
			 enum refresher *who)
{
	struct str number = str_trim_space(str_split(&value, ';'));
	uint64_t n;

	if (str_u64(number, UINT32_MAX, &n) < 0)
		return false;
	*seconds = (uint32_t)n;
	*who = REFRESHER_NONE;
	while (value.n) {
		struct str param = str_trim_space(str_split(&value, ';'));
		struct str name = str_trim_space(str_split(&param, '='));

		param = str_trim_space(param);
		if (!str_ieq(name, STR("refresher")))
			continue;
		if (str_ieq(param, STR("uac")))
			*who = REFRESHER_UAC;
		else if (str_ieq(param, STR("uas")))
			*who = REFRESHER_UAS;
	}
	return true;
}

bool sip_session_expires(const struct port_msg *m, uint32_t *seconds,
			 enum refresher *who)
{
	return read_expires(m->f[PORT_F_SESSION_EXPIRES], seconds, who);
}

uint32_t sip_min_se(const struct port_msg *m)
{
	enum refresher unused;
	uint32_t n = 0;

	if (!read_expires(m->f[PORT_F_MIN_SE], &n, &unused) || n < SIP_MIN_SE_S)
		return SIP_MIN_SE_S;
	return n;
}

bool sip_supports_timer(const struct port_msg *m)
{
	return sip_list_has(m->f[PORT_F_SUPPORTED], STR("timer")) ||
	       sip_list_has(m->f[PORT_F_REQUIRE], STR("timer"));
}

static const char *const refresher_param[] = {
    [REFRESHER_NONE] = "",
    [REFRESHER_UAC] = ";refresher=uac",
    [REFRESHER_UAS] = ";refresher=uas",
};

void sip_put_timer_wish(struct buf *b, uint32_t seconds, enum refresher who,
			uint32_t min_se_s)
{
	buf_addf(b, "Session-Expires: %u%s\r\nMin-SE: %u\r\n", seconds,
		 refresher_param[who], min_se_s);
}

void sip_put_timer(struct buf *b, uint32_t seconds, enum refresher who)
{
	buf_addf(b, "Session-Expires: %u%s\r\n%s", seconds,
		 refresher_param[who],
		 who == REFRESHER_UAS ? "" : "Require: timer\r\n");
}

uint64_t sip_timer_ms(uint32_t seconds)
{
	uint64_t all_ms = (uint64_t)seconds * 1000, early_ms = all_ms / 3;

	return all_ms - (early_ms < GRACE_MS ? early_ms : GRACE_MS);
}

void sip_note_update(const struct port_msg *m, bool *update)
{
	struct str lines = m->f[PORT_F_HEADERS], allowed;
	bool seen = false, found = false;

	while (lines.n) {
		allowed = str_split(&lines, '\n');
		if (!str_ieq(str_trim_space(str_split(&allowed, ':')),
			     STR("Allow")))
			continue;
		seen = true;
		found = found || sip_list_has(allowed, STR("UPDATE"));
	}
	if (seen)
		*update = found;
}
