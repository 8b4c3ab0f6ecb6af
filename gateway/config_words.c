/* Keys that take one of some words, and what these mean. */
#include "gateway/config_priv.h"

#include <string.h>

#include "sip/digest.h"

const struct config_word config_rooms[] = {
    {"", ROOMS_NONE},	  {"local", ROOMS_LOCAL},	{"sip", ROOMS_SIP},
    {"xmpp", ROOMS_XMPP}, {"discover", ROOMS_DISCOVER}, {NULL, 0}};
const struct config_word config_users[] = {{"", USERS_NONE},
					   {"sip", USERS_SIP},
					   {"foreign", USERS_FOREIGN},
					   {NULL, 0}};
const struct config_word config_create[] = {{"any", CREATE_SIP | CREATE_XMPP},
					    {"sip", CREATE_SIP},
					    {"xmpp", CREATE_XMPP},
					    {"none", 0},
					    {NULL, 0}};
const struct config_word config_invite_by[] = {
    {"invite", 0}, {"refer", 1}, {NULL, 0}};
const struct config_word config_copies[] = {
    {"partial", 0}, {"yes", 1}, {NULL, 0}};
const struct config_word config_scope[] = {
    {"room", false}, {"domain", true}, {NULL, 0}};
const struct config_word config_nick_conflict[] = {
    {"error", 0}, {"rename", 1}, {NULL, 0}};
const struct config_word config_digest[] = {
    {"any", DIGEST_ANY},
    {"sha-256", DIGEST_BIT(DIGEST_SHA256)},
    {"md5", DIGEST_BIT(DIGEST_MD5)},
    {NULL, 0}};
const struct config_word config_level[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN},	{"info", LOG_INFO},
    {"debug", LOG_DEBUG}, {"trace", LOG_TRACE}, {NULL, 0}};

const struct config_word config_msrp_verify[] = {
    {"strict", MSRP_VERIFY_STRICT},
    {"fingerprint", MSRP_VERIFY_FINGERPRINT},
    {"none", MSRP_VERIFY_NONE},
    {NULL, 0}};
const struct config_word config_sip_verify[] = {{"strict", SIP_VERIFY_STRICT},
						{"chain", SIP_VERIFY_CHAIN},
						{"none", SIP_VERIFY_NONE},
						{NULL, 0}};

static bool find_word(const struct config_word *words, const char *z,
		      unsigned *out)
{
	for (; words->word; words++)
		if (strcmp(words->word, z) == 0) {
			*out = words->value;
			return true;
		}
	return false;
}

unsigned config_word(const struct config_word *words, const char *z)
{
	unsigned v = 0;

	find_word(words, z, &v);
	return v;
}

/* What these keys may be. */
static const struct {
	const char *key; /* "section|key" */
	const struct config_word *words;
} keys[] = {
    {"log-level", config_level},
    {"sip|digest", config_digest},
    {"sip|verify", config_sip_verify},
    {"msrp|verify", config_msrp_verify},
    {"domain|rooms", config_rooms},
    {"domain|users", config_users},
    {"domain|create", config_create},
    {"domain|visitors", config_create},
    {"domain|invite-by", config_invite_by},
    {"domain|copies", config_copies},
    {"domain|nick-conflict", config_nick_conflict},
    {"domain|nick-scope", config_scope},
    {"room|nick-scope", config_scope},
};
#define KEYS (sizeof(keys) / sizeof(*keys))

static const struct config_word *words_of(cfg_t *cfg, cfg_opt_t *opt)
{
	for (size_t i = 0; i < KEYS; i++) {
		struct str section = STR_NONE, key = str_z(keys[i].key);

		if (str_find(key, '|') >= 0)
			section = str_split(&key, '|');
		if (str_eq(key, str_z(opt->name)) &&
		    (!section.n || str_eq(section, str_z(cfg_name(cfg)))))
			return keys[i].words;
	}
	return NULL;
}

/* One of the words, or an error that lists them. */
static int check_word(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct config_word *words = words_of(cfg, opt);
	const char *z = cfg_opt_getnstr(opt, 0);
	char list[128] = "";
	unsigned v;

	if (!words || find_word(words, z, &v))
		return 0;
	for (; words->word; words++)
		if (*words->word) {
			if (*list)
				strcat(list, ", ");
			strcat(list, words->word);
		}
	cfg_error(cfg, "%s: '%s' is none of %s", opt->name, z, list);
	return -1;
}

void config_set_word_checks(cfg_t *cfg)
{
	for (size_t i = 0; i < KEYS; i++)
		cfg_set_validate_func(cfg, keys[i].key, check_word);
}
