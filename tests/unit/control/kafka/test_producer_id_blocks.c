/* test_producer_id_blocks.c - a wish for producer ids in, a block of them out of a real directory,
 * one at a time. */
#include "control/kafka/producer_id_blocks.h"
#include "dataplane/base/clock.h"
#include "dataplane/store/log_dir.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct wake wake;
static struct id_blocks blocks;
static struct log_dir dir;
static char path[] = "/tmp/penstock_ids_XXXXXX";
static char said[512];
static unsigned lines;
static struct producer_id_blocks ids;

static void say(void *owner, const char *line)
{
	snprintf(said, sizeof said, "%s", line);
	lines++;
}

static void start(void)
{
	int error;
	cr_assert(mkdtemp(path) && wake_init(&wake) == 0);
	dir = (struct log_dir){.path = path, .disk = disk_create("test", &error)};
	cr_assert(dir.disk != NULL);
	id_blocks_init(&blocks, PRODUCER_ID_BLOCK, &wake, &wake);
	ids = (struct producer_id_blocks){.blocks = &blocks, .file.dir = &dir, .say = say};
}

static void remove_file(void)
{
	char name[128];
	snprintf(name, sizeof name, "%s/" PRODUCER_ID_FILE_NAME, path);
	unlink(name);
}

static void stop(void)
{
	remove_file();
	cr_assert(rmdir(path) == 0, "something else is left there");
	disk_destroy(dir.disk);
	wake_fini(&wake);
}

TestSuite(producer_id_blocks, .init = start, .fini = stop);

Test(producer_id_blocks, a_block_is_granted_when_it_is_wished_for_and_one_for_each_wish)
{
	uint64_t now = clock_now_ns();
	cr_assert(!producer_id_blocks_has_wish(&ids) && !producer_id_blocks_turn(&ids, now));
	id_blocks_wish(&blocks);
	cr_assert(producer_id_blocks_has_wish(&ids) && producer_id_blocks_turn(&ids, now));
	cr_assert(lines == 1 && strstr(said, "producer ids go on at"), "%s", said);
	id_blocks_wish(&blocks);
	cr_assert(!producer_id_blocks_is_busy(&ids));
	cr_assert(!producer_id_blocks_turn(&ids, now + NS_PER_S));
	int64_t first = id_blocks_take(&blocks);
	cr_assert(first > 0 && id_blocks_take(&blocks) == ID_BLOCKS_NONE);
	id_blocks_wish(&blocks);
	cr_assert(producer_id_blocks_turn(&ids, now + NS_PER_S));
	cr_assert(id_blocks_take(&blocks) == first + PRODUCER_ID_BLOCK && lines == 1);
}

Test(producer_id_blocks, between_two_blocks_there_are_ten_milliseconds)
{
	uint64_t now = clock_now_ns();
	id_blocks_wish(&blocks);
	producer_id_blocks_turn(&ids, now);
	id_blocks_take(&blocks);
	id_blocks_wish(&blocks);
	now += PRODUCER_ID_BLOCK_PAUSE_MS * NS_PER_MS;
	cr_assert(!producer_id_blocks_turn(&ids, now - 1) && producer_id_blocks_is_busy(&ids));
	cr_assert(producer_id_blocks_turn(&ids, now));
}

Test(producer_id_blocks, what_cannot_be_written_is_not_granted_said_once_and_tried_each_second)
{
	uint64_t now = clock_now_ns();
	char elsewhere[] = "/tmp/penstock_ids_gone/x";
	dir.path = elsewhere;
	id_blocks_wish(&blocks);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(producer_id_blocks_turn(&ids, now + i * NS_PER_S));
		cr_assert(id_blocks_is_wished(&blocks) && !producer_id_blocks_is_busy(&ids));
		cr_assert(!producer_id_blocks_turn(&ids, now + i * NS_PER_S + NS_PER_S / 2));
	}
	cr_assert(lines == 2 && strstr(said, "idempotent producers wait"), "%s", said);
	dir.path = path;
	cr_assert(producer_id_blocks_turn(&ids, now + 3 * NS_PER_S));
	cr_assert(id_blocks_is_granted(&blocks) && lines == 2);
}
