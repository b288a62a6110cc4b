/* kafka_dir.c - batches with gaps in, the files Kafka would have out; see kafka_dir.h. */
#include "tests/unit/store/kafka_dir.h"
#include "dataplane/base/require.h"

#include <sys/stat.h>

void kafka_directory(const struct rig *r)
{
	require(mkdir(r->directory, 0755) == 0);
	rig_store(r, "leader-epoch-checkpoint", "0\n1\n0 0\n", 8);
}

size_t kafka_batch_build(uint8_t *out, const struct kafka_batch *b)
{
	struct record_batch_header *h = (struct record_batch_header *)out;
	uint8_t value[KAFKA_VALUE_BYTES];
	int64_t time = KAFKA_TIME + b->base;
	memset(value, (int)b->base, sizeof value);
	record_batch_build(h, 1, time, time);
	h->count = be32_of(b->count);
	h->last_offset_delta = be32_of((uint32_t)(b->last - b->base));
	record_batch_place(h, b->base, 7);
	struct emitter e = emitter_of(out + sizeof *h, 4096 - sizeof *h);
	for (unsigned i = 0; i < b->count; i++) {
		struct record_view v = {.offset_delta = b->deltas[i],
					.value = {value, sizeof value}};
		record_emit(&e, &v);
	}
	require(!e.bad);
	size_t size = sizeof *h + emitter_size(&e);
	record_batch_set_size(h, (uint32_t)size);
	struct bytes rest = {out + sizeof *h, size - sizeof *h};
	record_batch_set_crc(h, record_batch_crc(h, rest));
	return size;
}

void kafka_file(const struct rig *r, int64_t base, const char *ending, const void *data,
		size_t size)
{
	char name[64];
	snprintf(name, sizeof name, "%020lld%s", (long long)base, ending);
	rig_store(r, name, data, size);
}

size_t kafka_segment(const struct rig *r, int64_t base, const struct kafka_batch *batches,
		     unsigned count)
{
	uint8_t *log = malloc((size_t)count * 4096 + 1);
	size_t size = 0;
	require(log);
	for (unsigned i = 0; i < count; i++)
		size += kafka_batch_build(log + size, &batches[i]);
	kafka_file(r, base, ".log", log, size);
	free(log);
	return size;
}
