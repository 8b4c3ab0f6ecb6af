/* The section `files`: where SIP users' files are offered to others. */
#include <string.h>

#include "gateway/config_priv.h"

#define BYTES_MAX (1l << 60)

static int check_bytes(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v >= 1 && v <= BYTES_MAX)
		return 0;
	cfg_error(cfg, "%s: %ld is no number of octets", opt->name, v);
	return -1;
}

static int check_connections(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v >= 1 && v <= 10000)
		return 0;
	cfg_error(cfg, "%s: must be from 1 to 10000", opt->name);
	return -1;
}

static int check_base_url(cfg_t *cfg, cfg_opt_t *opt)
{
	struct str url = str_z(cfg_opt_getnstr(opt, 0));
	bool ok = str_istarts(url, STR("https://")) ||
		  str_istarts(url, STR("http://"));

	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7f ||
		    str_find(STR("\"<>?#'"), url.p[i]) >= 0)
			ok = false;
	if (!url.n || (ok && url.n <= 1024))
		return 0;
	cfg_error(cfg, "base-url: '%.*s' is no http or https URL",
		  STR_ARG(url));
	return -1;
}

void config_set_file_checks(cfg_t *cfg)
{
	static const char *const bytes[] = {
	    "files|max-size",	"files|quota", "files|room-quota",
	    "files|user-quota", "files|queue", NULL};

	cfg_set_validate_func(cfg, "files|base-url", check_base_url);
	cfg_set_validate_func(cfg, "files|max-connections", check_connections);
	for (const char *const *p = bytes; *p; p++)
		cfg_set_validate_func(cfg, *p, check_bytes);
}

int config_check_files(cfg_t *cfg)
{
	cfg_t *files = cfg_getsec(cfg, "files");
	bool listens = *cfg_getstr(files, "listen");

	if (listens == (*cfg_getstr(files, "base-url") != '\0'))
		return 0;
	cfg_error(files, listens ? "files: listen needs a base-url"
				 : "files: base-url needs a listen");
	return -1;
}

void config_warn_files(const struct config *c)
{
	cfg_t *files = cfg_getsec(c->parsed, "files");

	if (!*c->files.listen || c->files.max_size <= c->msrp.max_message ||
	    !(cfg_getopt(files, "max-size")->flags & CFGF_MODIFIED))
		return;
	fprintf(stderr,
		"%s:%d: warning: files { max-size } is more than msrp { "
		"max-message }: files that come as messages may have %zu "
		"octets, only those offered in a line of their own (RFC 5547) "
		"more\n",
		c->file, files->line, c->msrp.max_message);
}

void config_read_files(cfg_t *cfg, struct config *c)
{
	cfg_t *files = cfg_getsec(cfg, "files");

	c->files.listen = cfg_getstr(files, "listen");
	c->files.base_url = cfg_getstr(files, "base-url");
	c->files.max_size = (uint64_t)cfg_getint(files, "max-size");
	c->files.quota = (uint64_t)cfg_getint(files, "quota");
	c->files.room_quota = (uint64_t)cfg_getint(files, "room-quota");
	c->files.user_quota = (uint64_t)cfg_getint(files, "user-quota");
	c->files.keep_days = (unsigned)cfg_getint(files, "keep");
	c->files.max_connections = (size_t)cfg_getint(files, "max-connections");
	c->files.queue = (size_t)cfg_getint(files, "queue");
}
