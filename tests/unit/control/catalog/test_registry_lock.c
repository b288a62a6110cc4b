/* test_registry_lock.c - one process has a log directory, from before it is opened until after it
 * is closed. */
#include "control/catalog/registry_lock.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_lock, .init = setup, .fini = teardown);

Test(registry_lock, one_process_at_a_time_has_the_directory)
{
	char message[256];
	struct log_dir other = {0};
	cr_assert(registry_lock(&r.dirs[0], r.directory, message, sizeof message) == 0, "%s",
		  message);
	cr_assert(registry_lock(&other, r.directory, message, sizeof message) == -EWOULDBLOCK);
	cr_assert(strstr(message, "in use by another process"), "%s", message);
	registry_unlock(&r.dirs[0]);
	cr_assert(registry_lock(&other, r.directory, message, sizeof message) == 0);
	registry_unlock(&other);
}

Test(registry_lock, the_lock_is_the_directorys_and_outlives_its_opening)
{
	char message[256];
	struct log_dir other = {0};
	cr_assert(registry_lock(&r.dirs[0], r.directory, message, sizeof message) == 0, "%s",
		  message);
	cr_assert(log_dir_open(&r.dirs[0], r.disk, r.directory) == 0);
	log_dir_close(&r.dirs[0]);
	cr_assert(registry_lock(&other, r.directory, message, sizeof message) == -EWOULDBLOCK);
	registry_unlock(&r.dirs[0]);
	cr_assert(registry_lock(&other, r.directory, message, sizeof message) == 0);
	registry_unlock(&other);
}
