/* stoxd: SIP/MSRP chat conference server and gateway to XMPP rooms. */
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/config.h"
#include "gateway/service.h"

#define EXIT_USAGE 2

static void help(FILE *out)
{
	fputs("Usage: stoxd [-t] -c FILE\n"
	      "\n"
	      "  -c FILE  the configuration file\n"
	      "  -t       check the configuration and exit\n"
	      "  -V       print the version and exit\n"
	      "  -h       print this help and exit\n",
	      out);
}

/* The SIP process' program: beside this one, or in libexec when installed. */
static int find_sip(char path[PATH_MAX])
{
	static const char *const places[] = {"stoxd-sip",
					     "../libexec/stox/stoxd-sip"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	if (n < 0)
		return -1;
	self[n] = '\0';
	dir = dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int len = snprintf(path, PATH_MAX, "%s/%s", dir, places[i]);

		if (len > 0 && len < PATH_MAX && access(path, X_OK) == 0)
			return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	const char *file = NULL;
	bool check_only = false;
	struct config *config;
	char sip[PATH_MAX];
	int opt, status;

	while ((opt = getopt(argc, argv, "c:tVh")) != -1) {
		switch (opt) {
		case 'c':
			file = optarg;
			break;
		case 't':
			check_only = true;
			break;
		case 'V':
			puts("stoxd " STOX_VERSION);
			return 0;
		case 'h':
			help(stdout);
			return 0;
		default:
			help(stderr);
			return EXIT_USAGE;
		}
	}
	if (!file || optind < argc) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (config_load(file, &config) < 0)
		return EXIT_USAGE;
	if (check_only) {
		status = 0;
	} else if (find_sip(sip) < 0) {
		fputs(
		    "stoxd: stoxd-sip is neither beside stoxd nor in libexec\n",
		    stderr);
		status = 1;
	} else {
		status = service_run(config, sip);
	}
	config_free(config);
	return status;
}
