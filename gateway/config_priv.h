/* Shared by the files of the configuration. */
#pragma once

#include <confuse.h>

#include "gateway/config.h"

/* Has every value checked while it is parsed. */
void config_set_checks(cfg_t *cfg);
/* A listener for TLS needs a certificate: 0, or -1 after an error. */
int config_check_tls(cfg_t *cfg);

/* config_words.c */
/* A word that a key may be set to, and what it means. Lists end with NULL. */
struct config_word {
	const char *word;
	unsigned value;
};
extern const struct config_word config_rooms[], config_users[], config_create[],
    config_level[], config_digest[], config_invite_by[], config_copies[],
    config_msrp_verify[], config_sip_verify[], config_scope[],
    config_nick_conflict[];
/* What the word means; 0 for one that is not in the list. */
unsigned config_word(const struct config_word *words, const char *z);
void config_set_word_checks(cfg_t *cfg);

/* config_domain.c */
void config_set_domain_checks(cfg_t *cfg);
void config_read_domain(struct arena *a, cfg_t *sec, struct domain_config *d);
/* Has a domain two sections? 0, or ERR_SYNTAX after an error. */
int config_check_twice(cfg_t *cfg, const struct config *c);
/* What is allowed but will disappoint; to standard error. */
void config_warn_domains(const struct config *c);

/* config_files.c */
void config_set_file_checks(cfg_t *cfg);
/* Neither of listen and base-url goes without the other: 0, or -1 after an
 * error. */
int config_check_files(cfg_t *cfg);
void config_read_files(cfg_t *cfg, struct config *c);
/* As config_warn_domains(). */
void config_warn_files(const struct config *c);

/* config_room.c */
/* The lists of who may come, in a domain's section or a room's. */
struct access config_read_access(struct arena *a, cfg_t *sec);
/* The policy that a domain's section describes; strings are the parser's or in
 * the arena. */
struct room_policy config_read_policy(struct arena *a, cfg_t *domain);
/* The sections of rooms, after those of domains. 0, or ERR_SYNTAX after an
 * error. */
int config_read_rooms(cfg_t *cfg, struct config *c);

/* config_remote.c */
int config_check_pattern(cfg_t *cfg, cfg_opt_t *opt);
void config_read_remote(struct arena *a, cfg_t *sec, struct domain_config *d);

/* config_login.c */
int config_check_login(cfg_t *cfg, cfg_opt_t *opt);
void config_read_logins(struct arena *a, cfg_t *sec, struct domain_config *d);
