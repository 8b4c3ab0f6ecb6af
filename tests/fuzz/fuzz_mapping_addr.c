/* The first octet picks the direction. An address that went through both
 * mappings is written the same when it goes through them again. */
#include <assert.h>

#include "mapping/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct map_domain known[] = {
    {{"rd.test", 7}, MAP_DOMAIN_ROOMS},
    {{"ud.test", 7}, MAP_DOMAIN_FOREIGN},
    {{"s.test", 6}, MAP_DOMAIN_USERS},
    {{"x.test", 6}, MAP_DOMAIN_NATIVE},
};
static const struct map_domains domains = {known, 4, {"gh.test", 7}};

static void check_jid(struct str jid)
{
	struct buf sip = BUF_INIT(65536), back = BUF_INIT(65536);
	struct buf again = BUF_INIT(65536);
	const char *condition;
	int status;

	if (map_jid_to_sip(&domains, jid, &sip, &condition) == 0 &&
	    map_sip_to_jid(&domains, buf_str(&sip), &back, &status) == 0) {
		assert(map_prep_jid(&again, buf_str(&back)) == 0);
		assert(str_eq(buf_str(&again), buf_str(&back)));
		buf_clear(&again);
		assert(map_jid_to_sip(&domains, buf_str(&back), &again,
				      &condition) == 0);
		assert(str_eq(buf_str(&again), buf_str(&sip)));
	}
	buf_done(&sip);
	buf_done(&back);
	buf_done(&again);
}

static void check_uri(struct str uri)
{
	struct buf jid = BUF_INIT(65536), nick = BUF_INIT(65536);
	int status = -1;

	if (map_sip_to_jid(&domains, uri, &jid, &status) == 0) {
		assert(status == 0);
		check_jid(buf_str(&jid));
	} else {
		assert(status == 400 || status == 404 || status == 480);
	}
	buf_clear(&jid);
	map_sip_to_room(uri, &jid, &nick, &status);
	buf_done(&jid);
	buf_done(&nick);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);

	if (size == 0)
		return 0;
	if (data[0] == 'j')
		check_jid(str_from(in, 1));
	else
		check_uri(str_from(in, 1));
	return 0;
}
