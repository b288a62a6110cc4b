/* main.c - penstockd: the command line in, a gateway's whole life out, and its exit status. */
#include "control/gateway_boot.h"
#include "control/gateway_run.h"
#include "dataplane/base/map.h"
#include "dataplane/base/standard_files.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	EXIT_UNCLEAN = 1, /* did not start, or stopped with something left undone */
	EXIT_USAGE = 2,
	EXIT_LOG_DIRS = 74, /* the last log directory has failed: EX_IOERR of sysexits.h */
	SETS_MAX = 1024,
};

struct command {
	struct gateway_arguments arguments;
	const char *sets[SETS_MAX];
	bool is_check;
};

static void usage(FILE *out)
{
	fprintf(out, "usage: penstockd [--config FILE] [--set KEY=VALUE]... [--check]\n"
		     "\n"
		     "  --config FILE    settings as Kafka writes them (key=value)\n"
		     "  --set KEY=VALUE  one setting; later ones win, over the file too\n"
		     "  --check          read the settings, say what is wrong, and end\n"
		     "  --version, --help\n"
		     "\n"
		     "SIGTERM drains: what was begun is finished for drain.timeout.ms at "
		     "most.\n"
		     "SIGHUP reads the lists of vehicles again.\n"
		     "READY on standard output: listeners answer.\n"
		     "Exit status: 0 after a clean stop; 1 when it did not start, or left "
		     "something undone;\n"
		     "2 for a wrong command line; 74 when the last of log.dirs has failed, "
		     "which a\n"
		     "supervisor should not answer with a restart (systemd: "
		     "RestartPreventExitStatus=74).\n"
		     "\n"
		     "Settings:\n");
	settings_usage(out);
}

/* The exit status when the program ends here, else -1. */
static int parse(int argc, char **argv, struct command *ret)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"set", required_argument, NULL, 's'},
		{"check", no_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	ret->arguments.sets = ret->sets;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'c':
			ret->arguments.config = optarg;
			break;
		case 's':
			if (ret->arguments.set_count == SETS_MAX)
				return EXIT_USAGE;
			ret->sets[ret->arguments.set_count++] = optarg;
			break;
		case 'k':
			ret->is_check = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'v':
			printf("penstockd %s\n", PENSTOCK_VERSION);
			return EXIT_SUCCESS;
		default:
			fprintf(stderr, "penstockd: see penstockd --help\n");
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "penstockd: what is \"%s\"? See penstockd --help\n",
		argv[optind]);
	return EXIT_USAGE;
}

static int run(struct gateway *g)
{
	if (boot_up(gateway_steps, gateway_step_count, g) != 0)
		return EXIT_UNCLEAN;
	gateway_run(g);
	boot_down(gateway_steps, gateway_step_count, g);
	if (g->has_lost_logs)
		return EXIT_LOG_DIRS;
	return g->is_clean && g->is_sound ? EXIT_SUCCESS : EXIT_UNCLEAN;
}

/* Nothing is opened: it may be asked beside a gateway that runs. */
static int check(struct gateway *g)
{
	if (boot_up(gateway_steps, GATEWAY_SETTINGS_STEPS, g) != 0)
		return EXIT_UNCLEAN;
	printf("penstockd: the settings are good\n");
	return EXIT_SUCCESS;
}

/* The standard descriptors come first: whatever prints would write into a file of the log that was
 * given one of their numbers. */
int main(int argc, char **argv)
{
	struct command command = {0};
	if (!standard_files_open())
		return EXIT_UNCLEAN;
	int status = parse(argc, argv, &command);
	if (status >= 0)
		return status;
	struct gateway *g = map_take(sizeof *g);
	if (!g) {
		fprintf(stderr, "penstockd: no memory\n");
		return EXIT_UNCLEAN;
	}
	g->arguments = &command.arguments;
	status = command.is_check ? check(g) : run(g);
	map_give(g, sizeof *g);
	return status;
}
