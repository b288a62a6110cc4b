/* test_gateway_dirs.c - log.dirs at a start: which mistakes stop it, which failures do not. */
#include "control/gateway_dirs.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "control/catalog/registry_lock.h"
#include "dataplane/base/map.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

static struct gateway *g;
static char root[] = "/tmp/penstock-dirs-XXXXXX";
static unsigned flush_files_open;

void flush_rule_find(const char *directory, struct flush_rule *ret)
{
	ret->may_flush = true;
}

void flush_file_open(struct log_dir *d, unsigned writer, char *ret_line, size_t line_size)
{
	flush_files_open++;
	ret_line[0] = '\0';
}

void flush_file_close(struct log_dir *d, unsigned writer)
{
}

static void shell(const char *command)
{
	char line[512];
	snprintf(line, sizeof line, "cd %s && %s", root, command);
	cr_assert(system(line) == 0, "%s", line);
}

static void begin(void)
{
	int error;
	cr_assert(mkdtemp(root) != NULL);
	g = map_take(sizeof *g);
	settings_init(&g->settings);
	g->plan.writer_count = 2;
	g->control_disk = disk_create("control", &error);
	cr_assert(g->control_disk != NULL);
}

static void end(void)
{
	disk_destroy(g->control_disk);
	map_give(g, sizeof *g);
	shell("rm -rf $PWD");
}

TestSuite(gateway_dirs, .init = begin, .fini = end);

/* Names below the root, in `log.dirs`; takes the step. */
static int lock(const char *first, const char *second)
{
	snprintf(g->settings.log_dirs, sizeof g->settings.log_dirs, "%s/%s, %s/%s", root, first,
		 root, second);
	return gateway_dirs_lock(g);
}

static void close_all(void)
{
	gateway_dirs_close(g);
	gateway_dirs_unlock(g);
}

Test(gateway_dirs, each_is_made_locked_and_opened_with_its_rule_and_files)
{
	cr_assert(lock("a", "b") == 0 && g->log_dir_count == 2);
	cr_assert(gateway_dirs_open(g) == 0);
	for (unsigned n = 0; n < 2; n++) {
		const struct log_dir *d = &g->log_dirs[n];
		cr_assert(d->number == n && !d->is_lost && d->fd >= 0 && d->rule.may_flush);
		cr_assert(d->lock_fd >= 0 && d->disk == g->control_disk);
	}
	cr_assert(flush_files_open == 4, "of two writers in two directories");
	close_all();
	shell("test -e a/.lock -a -e b/.lock");
}

Test(gateway_dirs, two_names_of_one_directory_stop_the_start)
{
	shell("mkdir a && ln -s a b");
	cr_assert(lock("a", "b") == BOOT_SAID);
	cr_assert(lock("a", "c") == 0, "its locks were given back");
	gateway_dirs_unlock(g);
}

Test(gateway_dirs, one_that_is_in_use_stops_the_start_whichever_it_is)
{
	struct log_dir others = {.lock_fd = -1};
	char path[64], message[512];
	snprintf(path, sizeof path, "%s/b", root);
	cr_assert(registry_lock(&others, path, message, sizeof message) == 0);
	cr_assert(lock("b", "c") == BOOT_SAID);
	cr_assert(lock("a", "b") == BOOT_SAID);
	registry_unlock(&others);
	cr_assert(lock("a", "b") == 0);
	gateway_dirs_unlock(g);
}

Test(gateway_dirs, the_first_is_needed_and_another_is_lost)
{
	shell("echo mine > a");
	cr_assert(lock("a", "b") == BOOT_SAID);
	cr_assert(lock("b", "a") == 0);
	cr_assert(gateway_dirs_open(g) == 0);
	cr_assert(!g->log_dirs[0].is_lost && g->log_dirs[1].is_lost);
	cr_assert(strstr(g->log_dirs[1].fault, "is a file"), "%s", g->log_dirs[1].fault);
	cr_assert(flush_files_open == 2, "none where nothing can be written");
	close_all();
	shell("grep -q mine a");
}

/* Between the lock and the opening. */
Test(gateway_dirs, one_that_goes_before_it_is_opened_is_lost)
{
	cr_assert(lock("a", "b") == 0);
	shell("rm -r b");
	cr_assert(gateway_dirs_open(g) == 0 && g->log_dirs[1].is_lost);
	close_all();
	cr_assert(lock("a", "b") == 0);
	shell("rm -r a");
	cr_assert(gateway_dirs_open(g) == BOOT_SAID);
	close_all();
}
