/* The first octet picks the direction: what a CPIM entity becomes is always a
 * well-formed payload, what a stanza becomes always a CPIM entity that can be
 * read. */
#include <assert.h>

#include "base/utf8.h"
#include "mapping/message.h"
#include "tests/lib/xmlin.h"

#define MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct map_message_cfg local = {.composing_in_rooms = true};
static const struct map_message_cfg elsewhere = {
    .language = {"de", 2}, .room_elsewhere = true, .stanza_max = 20000};

static void check_payload(const struct buf *payload)
{
	struct arena *a = arena_new(4 * MAX);
	struct buf b = BUF_INIT(2 * MAX);

	buf_addz(&b, "<message xmlns='jabber:client'>");
	buf_add(&b, buf_str(payload));
	buf_addz(&b, "</message>");
	assert(payload->err == 0);
	assert(xmlin_parse(a, buf_str(&b)));
	buf_done(&b);
	arena_free(a);
}

static void check_cpim(const struct message *m,
		       const struct map_message_cfg *cfg)
{
	const struct cpim_addr from = {STR("N"), STR("sip:r@c.example;gr=N")};
	const struct cpim_addr to = {STR_NONE, STR("sip:r@c.example")};
	struct arena *a = arena_new(2 * MAX);
	struct buf b = BUF_INIT(2 * MAX);
	struct cpim c;

	if (map_message_to_cpim(&b, m, from, to, cfg)) {
		assert(b.err == 0);
		assert(map_message_sip_type(m, cfg).n);
		assert(cpim_parse(buf_str(&b), a, &c) == 0);
		assert(c.n_from == 1 && c.n_to == 1 && c.n_cc == 0);
	} else {
		assert(b.n == 0);
	}
	buf_done(&b);
	arena_free(a);
}

static void from_sip(struct str in, const struct map_message_cfg *cfg)
{
	struct message *m = message_new(MAX);
	struct buf payload = BUF_INIT(MAX);
	struct cpim c;

	m->form[WORLD_SIP] = blob_new(in);
	if (cpim_parse(blob_str(m->form[WORLD_SIP]), m->arena, &c) == 0 &&
	    map_cpim_to_message(&c, cfg, m) == 200) {
		map_message_to_payload(&payload, m, cfg);
		check_payload(&payload);
		check_cpim(m, cfg);
	}
	buf_done(&payload);
	message_unref(m);
}

static void from_xmpp(struct str in, const struct map_message_cfg *cfg)
{
	struct message *m = message_new(MAX);
	struct arena *a = arena_new(4 * MAX);
	struct buf payload = BUF_INIT(MAX);
	const struct xnode *n = xmlin_parse(a, in);

	m->private = cfg->room_elsewhere;
	if (n && map_stanza_to_message(n, cfg, m) == 0) {
		check_cpim(m, cfg);
		map_message_to_payload(&payload, m, cfg);
		check_payload(&payload);
		buf_clear(&payload);
		map_stanza_payload(&payload, n, STR("r@c.example"));
		check_payload(&payload);
	}
	buf_done(&payload);
	message_unref(m);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);

	if (size == 0 || size > MAX / 16)
		return 0;
	switch (data[0]) {
	case 'm':
		from_sip(str_from(in, 1), &local);
		break;
	case 'M':
		from_sip(str_from(in, 1), &elsewhere);
		break;
	case 'x':
		from_xmpp(str_from(in, 1), &local);
		break;
	default:
		from_xmpp(str_from(in, 1), &elsewhere);
		break;
	}
	return 0;
}
