/* The command line of stoxctl. */
#include "gateway/ctl.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "gateway/config.h"
#include "gateway/ctl_priv.h"

static void help(FILE *out)
{
	fputs("Usage: stoxctl [-s SOCKET | -c CONFIG] COMMAND [--json]\n"
	      "\n"
	      "  -s SOCKET  the daemon's socket (default: " CONFIG_CONTROL ")\n"
	      "  -c CONFIG  take the socket from this configuration file\n"
	      "  --json     print the answer as JSON\n"
	      "  -V         print the version and exit\n"
	      "  -h         print this help and exit\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (const struct ctl_command *k = ctl_commands; k->name; k++) {
		int n = fprintf(out, "  %s%s%s", k->name, *k->args ? " " : "",
				k->args);

		if (n > 42)
			n = fprintf(out, "\n") - 1;
		fprintf(out, "%*s%s\n", 44 - n, "", k->help);
	}
}

static const struct ctl_command *find(const char *name)
{
	const struct ctl_command *k = ctl_commands;

	while (k->name && strcmp(k->name, name) != 0)
		k++;
	return k->name ? k : NULL;
}

int ctl_usage(struct ctl *c, const char *name)
{
	for (const struct ctl_command *k = ctl_commands; k->name; k++)
		if (strcmp(k->name, name) == 0)
			fprintf(c->err, "Usage: stoxctl %s%s%s\n", k->name,
				*k->args ? " " : "", k->args);
	return CTL_USAGE;
}

/* What goes to the daemon as JSON has to be UTF-8, and so has a path. NULL: all
 * is well. */
static const char *wrong_arguments(const struct ctl *c)
{
	size_t n = 0;

	for (int i = 0; i < c->n_args; i++) {
		if (!utf8_valid(str_z(c->args[i])))
			return "the arguments are not UTF-8";
		n += strlen(c->args[i]) + 1;
	}
	return n > CTL_ARGUMENTS_MAX ? "the arguments are too long" : NULL;
}

static int run(struct ctl *c, const char *name)
{
	const struct ctl_command *k = find(name);
	const char *wrong = wrong_arguments(c);

	if (!k) {
		fprintf(
		    c->err,
		    "stoxctl: no such command: %s (stoxctl -h lists them)\n",
		    name);
		return CTL_USAGE;
	}
	if (c->n_args < k->min || (k->max >= 0 && c->n_args > k->max))
		return ctl_usage(c, name);
	if (wrong) {
		fprintf(c->err, "stoxctl: %s\n", wrong);
		return CTL_USAGE;
	}
	return k->run(c);
}

/* False: that was all, with *status as the outcome. */
static bool read_options(struct ctl *c, int argc, char **argv,
			 const char **file, int *status)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"password-stdin", no_argument, NULL, 'p'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	int opt;

	*status = CTL_USAGE;
	optind = 0; /* all over again: this is not the only call */
	while ((opt = getopt_long(argc, argv, "s:c:hV", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			c->socket = optarg;
			break;
		case 'c':
			*file = optarg;
			break;
		case 'j':
			c->json = true;
			break;
		case 'p':
			c->password_stdin = true;
			break;
		case 'V':
			*status = CTL_DONE;
			fputs("stoxctl " STOX_VERSION "\n", c->out);
			return false;
		case 'h':
			*status = CTL_DONE;
			help(c->out);
			return false;
		default:
			help(c->err);
			return false;
		}
	}
	if (optind < argc && strcmp(argv[optind], "help") == 0) {
		*status = CTL_DONE;
		help(c->out);
		return false;
	}
	if (optind == argc || (c->socket && *file)) {
		help(c->err);
		return false;
	}
	return true;
}

int ctl_run(int argc, char **argv, FILE *in, FILE *out, FILE *err)
{
	struct ctl c = {.in = in, .out = out, .err = err};
	struct config *config = NULL;
	char why[CONFIG_WHY_MAX];
	const char *file = NULL;
	int status;

	if (!read_options(&c, argc, argv, &file, &status))
		return status;
	if (file) {
		if (config_read(file, &config, why) < 0) {
			fprintf(err, "stoxctl: %s\n", why);
			return CTL_REFUSED;
		}
		c.socket = config->control;
	}
	if (!c.socket)
		c.socket = CONFIG_CONTROL;
	c.args = argv + optind + 1;
	c.n_args = argc - optind - 1;
	if (*c.socket) {
		status = run(&c, argv[optind]);
	} else {
		fputs("stoxctl: there is no control socket\n", err);
		status = CTL_REFUSED;
	}
	config_free(config);
	return status;
}
