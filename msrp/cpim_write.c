#include "msrp/cpim.h"

/* RFC 3862 §2.3.1, with conference CPIM-7. */
static void put_escaped(struct buf *b, struct str s, bool quoted)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		switch (c) {
		case '\\':
			buf_add(b, STR("\\\\"));
			break;
		case '\b':
			buf_add(b, STR("\\b"));
			break;
		case '\t':
			buf_add(b, STR("\\t"));
			break;
		case '\n':
			buf_add(b, STR("\\n"));
			break;
		case '\r':
			buf_add(b, STR("\\r"));
			break;
		default:
			if (c == '"' && quoted)
				buf_add(b, STR("\\\""));
			else if ((unsigned char)c < 0x20 || c == 0x7f)
				buf_addf(b, "\\u%04x", (unsigned)c);
			else
				buf_addc(b, c);
		}
	}
}

static void put_address(struct buf *b, struct str name,
			const struct cpim_addr *a)
{
	buf_add(b, name);
	if (a->name.n) {
		buf_addc(b, '"');
		put_escaped(b, a->name, true);
		buf_add(b, STR("\" "));
	}
	buf_addc(b, '<');
	put_escaped(b, a->uri, false);
	buf_add(b, STR(">\r\n"));
}

/* Values that know no escape: a control in them would end the line, so it goes.
 */
static void put_plain(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f)
			buf_addc(b, s.p[i]);
}

static void put_line(struct buf *b, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	buf_add(b, name);
	put_plain(b, value);
	buf_add(b, STR("\r\n"));
}

static void put_subject(struct buf *b, struct str lang, struct str subject)
{
	if (subject.n == 0)
		return;
	buf_add(b, STR("Subject:"));
	if (lang.n) {
		buf_add(b, STR(";lang="));
		put_plain(b, lang);
	}
	buf_addc(b, ' ');
	put_escaped(b, subject, false);
	buf_add(b, STR("\r\n"));
}

void cpim_write(struct buf *b, const struct cpim_out *m)
{
	put_address(b, STR("From: "), &m->from);
	put_address(b, STR("To: "), &m->to);
	put_line(b, STR("DateTime: "), m->datetime);
	put_subject(b, m->subject_lang, m->subject);
	if (m->imdn_message_id.n) {
		buf_addz(b, "NS: imdn <urn:ietf:params:imdn>\r\n");
		put_line(b, STR("imdn.Message-ID: "), m->imdn_message_id);
	}
	buf_add(b, STR("\r\n"));
	put_line(b, STR("Content-Type: "), m->content_type);
	put_line(b, STR("Content-Language: "), m->content_language);
	if (m->imdn_message_id.n)
		buf_addz(b, "Content-Disposition: notification\r\n");
	buf_add(b, STR("\r\n"));
	buf_add(b, m->body);
}
