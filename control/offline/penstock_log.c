/* penstock_log.c - a log directory in, its batches (dump) or what is wrong with it (verify) out,
 * or a partition that can be written again (repair).
 *
 * Of dump and verify DIR is one partition's directory, or a log.dirs root: then every partition
 * below it. Nothing is ever written, so a gateway may be running on it, or have been killed. Of
 * repair it is one partition's, and no gateway runs.
 */
#include "control/catalog/registry_lock.h"
#include "control/offline/log_check.h"
#include "control/offline/log_repair.h"
#include "dataplane/base/standard_files.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/store/segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static const char usage[] =
	"Usage: penstock-log dump|verify DIRECTORY\n"
	"       penstock-log repair PARTITION [--accept-loss]\n"
	"\n"
	"  dump     prints every record batch: offsets, count, codec, CRC, position, size, times,\n"
	"           producer; and what is known of producers (*.snapshot)\n"
	"  verify   checks every batch (length, CRC, offsets that rise), names the offsets that\n"
	"           are damaged and goes on behind them; and that every entry of the indexes\n"
	"           before them names a batch that is there; gaps as Kafka's cleaner\n"
	"           leaves them are no damage, one between two segments of a log that has no\n"
	"           other is; *.quarantine files are listed, and no fault\n"
	"\n"
	"  repair   says what would be lost if a damaged partition (LOGDIR/topic-3) were to be\n"
	"           written again, and changes nothing; with --accept-loss makes it so: what lies\n"
	"           behind the damage is kept in *.quarantine files, the log ends before it, and\n"
	"           what is written next gets the offsets that were lost. The gateway is stopped\n"
	"           before. A partition without damage is treated as a start treats it\n"
	"\n"
	"DIRECTORY is a partition (topic-3) or a log.dirs directory with partitions in it.\n"
	"dump and verify change nothing; a gateway may be running on it.\n"
	"\n"
	"Exit status: 0 clean, 1 corrupt (or unreadable, or not repaired), 2 usage,\n"
	"3 nothing but a torn tail.\n";

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Calls log_check for every directory below `root` that holds segments. */
static void check_all(struct log_check *c, const char *root, const struct disk_op *list)
{
	size_t count = 0;
	for (size_t i = 0; i < list->names_bytes; i += strlen(list->names + i) + 1)
		count++;
	const char **names = calloc(count + 1, sizeof *names);
	if (!names) {
		log_check_fail(c, root, -ENOMEM);
		return;
	}
	size_t n = 0;
	for (size_t i = 0; i < list->names_bytes; i += strlen(list->names + i) + 1)
		names[n++] = list->names + i;
	qsort(names, count, sizeof *names, compare_names);
	for (size_t i = 0; i < count; i++) {
		char path[FILE_PATH_BYTES_MAX];
		snprintf(path, sizeof path, "%s/%s", root, names[i]);
		log_check_partition(c, path);
	}
	free(names);
}

/* A partition's marks lie beside it, those of all partitions of a log.dirs in that. */
static void read_marks(struct log_check *c, const char *directory, bool is_partition)
{
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s%s", directory, is_partition ? "/.." : "");
	log_check_marks(c, path);
}

/* By what lies in it: a copy of a partition may have any name. */
static bool holds_segments(const struct disk_op *list)
{
	int64_t base;
	enum segment_file file;
	bool holds = false;
	for (size_t i = 0; i < list->names_bytes; i += strlen(list->names + i) + 1)
		holds |= segment_parse(list->names + i, &base, &file);
	return holds;
}

static void check(struct log_check *c, const char *directory, const struct disk_op *list)
{
	bool is_partition = holds_segments(list);
	read_marks(c, directory, is_partition);
	if (!log_check_partition(c, directory))
		check_all(c, directory, list);
	mark_table_free(&c->marks);
}

/* Where there is no partition nothing was checked, and nothing is clean. */
static int run(struct log_check *c, const char *directory)
{
	struct disk_op list = {.kind = DISK_LIST, .path = directory};
	if (disk_run(c->disk, &list) < 0)
		log_check_fail(c, directory, (int)list.result);
	else
		check(c, directory, &list);
	free(list.names);
	if (c->partitions == 0 && c->corrupt == 0)
		fprintf(stderr, "%s: no partition here\n", directory);
	if (!c->is_dump)
		printf("%u partitions, %u segments, %llu batches, %llu records; "
		       "%u corrupt, %u torn\n",
		       c->partitions, c->segments, (unsigned long long)c->batches,
		       (unsigned long long)c->records, c->corrupt, c->torn);
	if (c->corrupt > 0 || c->partitions == 0)
		return LOG_CHECK_CORRUPT;
	return c->torn > 0 ? LOG_CHECK_TORN : LOG_CHECK_CLEAN;
}

/* Nobody else has the log directory meanwhile. */
static int repair(struct disk *disk, const char *directory, bool is_accepted)
{
	struct log_dir dir;
	char root[PATH_MAX], message[512];
	const char *slash = strrchr(directory, '/');
	snprintf(root, sizeof root, "%.*s", slash ? (int)(slash - directory) : 0, directory);
	if (!slash || registry_lock(&dir, root, message, sizeof message) != 0) {
		fprintf(stderr, "penstock-log: %s\n",
			slash ? message : "there is no such directory");
		return LOG_CHECK_CORRUPT;
	}
	enum log_repair_outcome outcome = log_repair(disk, directory, is_accepted);
	registry_unlock(&dir);
	if (outcome == LOG_REPAIR_REFUSED)
		printf("%s: nothing was changed; with --accept-loss it is done\n", directory);
	return outcome == LOG_REPAIR_SOUND ? LOG_CHECK_CLEAN : LOG_CHECK_CORRUPT;
}

static int check_with(struct disk *disk, const char *directory, bool is_dump)
{
	struct log_check check = {.disk = disk, .is_dump = is_dump};
	int error = scan_init(&check.scan, disk);
	if (error) {
		fprintf(stderr, "penstock-log: %s\n", strerror(-error));
		return LOG_CHECK_CORRUPT;
	}
	int status = run(&check, directory);
	scan_fini(&check.scan);
	return status;
}

enum command {
	COMMAND_DUMP,
	COMMAND_VERIFY,
	COMMAND_REPAIR,
	COMMAND_REPAIR_ACCEPTED,
	COMMAND_NONE,
};

static enum command parse(int argc, char **argv)
{
	static const char *const words[] = {"dump", "verify", "repair"};
	bool is_accepted = argc == 4 && strcmp(argv[3], "--accept-loss") == 0;
	for (unsigned i = 0; i < array_len(words); i++) {
		if (argc < 3 || strcmp(argv[1], words[i]) != 0)
			continue;
		if (argc == 3)
			return (enum command)i;
		return i == COMMAND_REPAIR && is_accepted ? COMMAND_REPAIR_ACCEPTED : COMMAND_NONE;
	}
	return COMMAND_NONE;
}

int main(int argc, char **argv)
{
	if (!standard_files_open())
		return EXIT_USAGE;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	enum command command = parse(argc, argv);
	if (command == COMMAND_NONE) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	int error;
	struct disk *disk = disk_create("penstock-log", &error);
	if (!disk) {
		fprintf(stderr, "penstock-log: %s\n", strerror(-error));
		return LOG_CHECK_CORRUPT;
	}
	/* Whole: its last part says which partition it is. */
	char *whole = realpath(argv[2], NULL);
	const char *directory = whole ? whole : argv[2];
	int status = command >= COMMAND_REPAIR
			     ? repair(disk, directory, command == COMMAND_REPAIR_ACCEPTED)
			     : check_with(disk, directory, command == COMMAND_DUMP);
	free(whole);
	disk_destroy(disk);
	return status;
}
