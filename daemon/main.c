/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nisvd: options and wiring. */

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/edge/check.h"
#include "daemon/edge/config.h"
#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/replay.h"
#include "daemon/edge/wallclock.h"
#include "include/nisv_api.h"

#define CONFIG_PATH  NISV_SYSCONFDIR "/nisvd.conf"
#define STATE_DIR    "/var/lib/nisvd"
#define MACHINE_PATH NISV_DATADIR "/machines:" NISV_SYSCONFDIR "/machines"

enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_FAILURE = 1,
	EXIT_STATUS_USAGE = 2,
	/* For which the unit does not start it again (RestartPreventExitStatus=). */
	EXIT_STATUS_CANNOT_WORK = EX_UNAVAILABLE,
	EXIT_STATUS_CONFIG = EX_CONFIG
};

struct arguments {
	const char *config, *socket, *state_dir, *replay;
	bool no_journal, check, json, test_config, offline, verbose;
	enum check_format format;
};

static const char help[] =
	"Usage: nisvd [OPTION]...\n"
	"Watch the VMs of this KVM host for accesses to memory that is not there.\n"
	"\n"
	"Running\n"
	"  --config FILE     read FILE instead of " CONFIG_PATH "\n"
	"  --socket PATH     listen at PATH (default " NISV_SOCKET_PATH ")\n"
	"  --state-dir DIR   keep dossiers below DIR (default " STATE_DIR ")\n"
	"  --no-journal      write no journal entries about findings\n"
	"  -v, --verbose     log more\n"
	"\n"
	"Looking\n"
	"  --check           tell what this kernel lets nisvd see, what is lost and how to\n"
	"                    get it; exit 0: every kind of fault, 1: not every, 2: cannot work\n"
	"  --json[=MODE]     with --check: as JSON; pretty, short (one line) or off\n"
	"  --test-config     read the configuration, tell what is wrong with it, exit\n"
	"\n"
	"Without a kernel\n"
	"  --offline         answer varlink calls on standard input and output, no capture\n"
	"  --replay FILE     with --offline: answer from this dossier, or from this text that\n"
	"                    ftrace, trace-cmd, perf or bpftrace made of kvm's tracepoints\n"
	"\n"
	"  -h, --help        this text\n"
	"      --version     the version\n"
	"\n"
	"Ask it with nisvctl(1). More: nisvd(8), nisvd.conf(5).\n";

/* The values of --json are those of nisvctl; without one, what suits standard output. */
static bool parse_format(const char *mode, enum check_format *ret)
{
	if (!mode)
		*ret = isatty(STDOUT_FILENO) ? CHECK_JSON_PRETTY : CHECK_JSON_SHORT;
	else if (!strcmp(mode, "pretty"))
		*ret = CHECK_JSON_PRETTY;
	else if (!strcmp(mode, "short"))
		*ret = CHECK_JSON_SHORT;
	else if (!strcmp(mode, "off"))
		*ret = CHECK_TEXT;
	else
		return false;
	return true;
}

/* Returns -1 to go on, else the exit status. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	enum {
		OPT_CONFIG = 256,
		OPT_SOCKET,
		OPT_STATE,
		OPT_NO_JOURNAL,
		OPT_CHECK,
		OPT_JSON,
		OPT_TEST,
		OPT_OFFLINE,
		OPT_REPLAY,
		OPT_VERSION
	};
	static const struct option options[] = {
		{"config", required_argument, NULL, OPT_CONFIG},
		{"socket", required_argument, NULL, OPT_SOCKET},
		{"state-dir", required_argument, NULL, OPT_STATE},
		{"no-journal", no_argument, NULL, OPT_NO_JOURNAL},
		{"check", no_argument, NULL, OPT_CHECK},
		{"json", optional_argument, NULL, OPT_JSON},
		{"test-config", no_argument, NULL, OPT_TEST},
		{"offline", no_argument, NULL, OPT_OFFLINE},
		{"replay", required_argument, NULL, OPT_REPLAY},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, OPT_VERSION},
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "hv", options, NULL)) >= 0) {
		switch (c) {
		case OPT_CONFIG:
			args->config = optarg;
			break;
		case OPT_SOCKET:
			args->socket = optarg;
			break;
		case OPT_STATE:
			args->state_dir = optarg;
			break;
		case OPT_NO_JOURNAL:
			args->no_journal = true;
			break;
		case OPT_CHECK:
			args->check = true;
			break;
		case OPT_JSON:
			args->json = true;
			if (!parse_format(optarg, &args->format)) {
				fprintf(stderr,
					"nisvd: --json takes pretty, short or off, not \"%s\"; "
					"try \"nisvd --help\"\n",
					optarg);
				return EXIT_STATUS_USAGE;
			}
			break;
		case OPT_TEST:
			args->test_config = true;
			break;
		case OPT_OFFLINE:
			args->offline = true;
			break;
		case OPT_REPLAY:
			args->replay = optarg;
			break;
		case 'v':
			args->verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_STATUS_OK;
		case OPT_VERSION:
			puts("nisvd " NISV_VERSION);
			return EXIT_STATUS_OK;
		default:
			fputs("nisvd: try \"nisvd --help\"\n", stderr);
			return EXIT_STATUS_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "nisvd: unexpected argument \"%s\"; try \"nisvd --help\"\n",
			argv[optind]);
		return EXIT_STATUS_USAGE;
	}
	if (args->replay && !args->offline) {
		fputs("nisvd: --replay needs --offline\n", stderr);
		return EXIT_STATUS_USAGE;
	}
	if (args->json && !args->check) {
		fputs("nisvd: --json needs --check\n", stderr);
		return EXIT_STATUS_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct arguments args = {.socket = NISV_SOCKET_PATH, .state_dir = STATE_DIR};
	const char *machine_path = getenv("NISVD_MACHINE_PATH");
	struct manager_options options = {};
	struct manager *manager = NULL;
	struct config config;
	enum exit_status status = EXIT_STATUS_OK;
	bool refused;
	int r = parse_arguments(argc, argv, &args);

	if (r >= 0)
		return r;
	/* What is large is given back when it is freed; left alone, glibc keeps up to 64 MiB of it
	 * (mallopt(3), M_MMAP_THRESHOLD). */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	log_set_level(args.verbose ? LOG_DEBUG : args.offline ? LOG_WARNING : LOG_INFO);
	config_defaults(&config);
	r = config_read(&config, args.config ? args.config : CONFIG_PATH, args.config != NULL);
	if (args.test_config)
		return r < 0 ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
	if (r < 0 && args.config)
		return r == -ENOMEM ? EXIT_STATUS_FAILURE : EXIT_STATUS_CONFIG;
	if (args.check)
		return check_run(&config, args.format);
	options = (struct manager_options){
		.config_path = args.config ? args.config : CONFIG_PATH,
		.config_required = args.config != NULL,
		.socket_path = args.socket,
		.state_dir = args.offline ? NULL : args.state_dir,
		.use_journal = !args.no_journal && !args.offline,
		.offline = args.offline,
		.machine_path = machine_path ? machine_path : MACHINE_PATH,
	};
	if (args.offline)
		wallclock_go_offline();
	refused = r < 0;
	r = manager_new(&options, &config, &manager);
	if (r >= 0)
		manager->config_refused = refused;
	if (r >= 0 && args.replay)
		r = replay_file(manager, args.replay);
	if (r >= 0)
		r = manager_start(manager);
	if (r >= 0)
		r = manager_run(manager);
	if (r < 0)
		status = manager && manager->cannot_work ? EXIT_STATUS_CANNOT_WORK
							 : EXIT_STATUS_FAILURE;
	manager_free(manager);
	return status;
}
