/* What a discovery has asked and found, for people. */
#include "gateway/discover_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

const char *speaks_word(enum speaks s)
{
	static const char *const words[SPEAKS_WORDS] = {
	    [SPEAKS_SIP] = "sip",
	    [SPEAKS_XMPP] = "xmpp",
	    [SPEAKS_NEITHER] = "neither",
	    [SPEAKS_UNKNOWN] = "unknown",
	};

	return words[s];
}

const char *discovered_text(const struct discovered *s)
{
	bool query = strcmp(s->what, "disco#info") == 0;

	if (s->waits)
		return "no answer yet";
	if (s->unasked)
		return "not asked: no component stream is up";
	if (s->refused)
		return "no such service here";
	if (query && s->status == DNS_FOUND)
		return "a chat room service";
	if (query)
		return s->status == DNS_NO_NAME ? "no such server"
		       : s->status == DNS_FAILED
			   ? "no answer"
			   : "no chat room service, or nobody to ask by";
	return s->status == DNS_FOUND && s->proves == SPEAKS_UNKNOWN
		   ? "nothing of use"
		   : dns_status_text(s->status);
}

const char *discovered_type(enum dns_type t)
{
	switch (t) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_SRV:
		return "SRV";
	case DNS_NAPTR:
		return "NAPTR";
	}
	return "";
}

static void add_record(struct buf *b, enum dns_type type,
		       const struct dns_record *r)
{
	char host[ADDR_TEXT_MAX];

	buf_addz(b, b->n ? "; " : "");
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		addr_text(&r->addr, host); /* with ":0" */
		buf_add(b, str_of(host, strlen(host) - 2));
		break;
	case DNS_SRV:
		buf_addf(b, "%u %u %u %.*s.", r->srv.priority, r->srv.weight,
			 r->srv.port, STR_ARG(r->srv.target));
		break;
	case DNS_NAPTR:
		buf_addf(b, "%u %u \"%.*s\" \"%.*s\" %.*s.", r->naptr.order,
			 r->naptr.preference, STR_ARG(r->naptr.flags),
			 STR_ARG(r->naptr.service),
			 STR_ARG(r->naptr.replacement));
		break;
	}
}

void discovered_show(struct discovered *s, enum dns_type type,
		     const struct dns_answer *a)
{
	struct buf b = BUF_INIT(sizeof(s->records) - sizeof("; ..."));
	size_t fit = 0;

	for (size_t i = 0; i < a->n && !b.err; i++) {
		fit = b.n;
		add_record(&b, type, &a->record[i]);
	}
	snprintf(s->records, sizeof(s->records), "%.*s%s",
		 (int)(b.err ? fit : b.n), b.p ? b.p : "",
		 !b.err ? ""
		 : fit	? "; ..."
			: "...");
	buf_done(&b);
}
