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

/* One of the words, or an error that lists them. */
static int check_word(cfg_t *cfg, cfg_opt_t *opt,
		      const struct config_word *words)
{
	char list[128] = "";
	unsigned v;
	const char *z = cfg_opt_getnstr(opt, 0);

	if (find_word(words, z, &v))
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

static int check_rooms(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_rooms);
}

static int check_users(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_users);
}

static int check_create(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_create);
}

static int check_invite_by(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_invite_by);
}

static int check_nick_conflict(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_nick_conflict);
}

static int check_copies(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_copies);
}

static int check_level(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_level);
}

static int check_msrp_verify(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_msrp_verify);
}

static int check_sip_verify(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_sip_verify);
}

static int check_digest(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_digest);
}

static int check_scope(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_scope);
}

void config_set_word_checks(cfg_t *cfg)
{
	static const struct {
		const char *key;
		cfg_validate_callback_t check;
	} keys[] = {
	    {"log-level", check_level},
	    {"sip|digest", check_digest},
	    {"sip|verify", check_sip_verify},
	    {"msrp|verify", check_msrp_verify},
	    {"domain|rooms", check_rooms},
	    {"domain|users", check_users},
	    {"domain|create", check_create},
	    {"domain|visitors", check_create},
	    {"domain|invite-by", check_invite_by},
	    {"domain|copies", check_copies},
	    {"domain|nick-conflict", check_nick_conflict},
	    {"domain|nick-scope", check_scope},
	    {"room|nick-scope", check_scope},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cfg_set_validate_func(cfg, keys[i].key, keys[i].check);
}
