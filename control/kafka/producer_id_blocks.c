/* producer_id_blocks.c - a wish in, a block that is durably taken out; see producer_id_blocks.h. */
#include "control/kafka/producer_id_blocks.h"
#include "dataplane/base/clock.h"
#include "dataplane/store/log_dir.h"

#include <stdio.h>

static void say(struct producer_id_blocks *p, const char *line)
{
	if (p->say && line[0])
		p->say(p->say_owner, line);
}

/* Once for each error: who waits for ids asks again and again. */
static void say_error(struct producer_id_blocks *p, int error)
{
	char line[400] = "";
	if (error && error != p->error)
		snprintf(line, sizeof line,
			 "producer ids cannot be given out, and idempotent producers wait: "
			 "%.200s/" PRODUCER_ID_FILE_NAME ": %s",
			 p->file.dir->path, strerror(-error));
	p->error = error;
	say(p, line);
}

/* The block is durable before the coordinator hears of it. */
static void grant(struct producer_id_blocks *p, uint64_t now_ns)
{
	int64_t first;
	int error = producer_id_file_take(&p->file, p->blocks->block_ids, &first);
	say(p, p->file.note);
	p->file.note[0] = '\0';
	say_error(p, error);
	p->rest_until_ns = now_ns + (error ? NS_PER_S : PRODUCER_ID_BLOCK_PAUSE_MS * NS_PER_MS);
	if (!error)
		id_blocks_grant(p->blocks, first);
}

bool producer_id_blocks_turn(struct producer_id_blocks *p, uint64_t now_ns)
{
	if (!p->blocks || now_ns < p->rest_until_ns || !id_blocks_is_wished(p->blocks))
		return false;
	grant(p, now_ns);
	return true;
}

/* One that cannot be granted yet wakes nobody: control looks again when its sleep is over. */
bool producer_id_blocks_has_wish(const struct producer_id_blocks *p)
{
	return p->blocks && clock_now_ns() >= p->rest_until_ns && id_blocks_is_wished(p->blocks);
}

/* After an error it is not looked for: that rest is long. */
bool producer_id_blocks_is_busy(const struct producer_id_blocks *p)
{
	return p->blocks && !p->error && id_blocks_is_wished(p->blocks);
}
