/* group_memory.c - a size in, memory out, and counted; see group_memory.h. */
#include "control/coordinator/groups/group_memory.h"
#include "dataplane/base/require.h"

void *group_take(struct groups *g, size_t size)
{
	void *block = g->bytes + size <= GROUPS_BYTES_MAX ? calloc(1, size) : NULL;
	if (block)
		g->bytes += size;
	return block;
}

void group_give(struct groups *g, void *give, size_t size)
{
	if (!give)
		return;
	require(g->bytes >= size);
	g->bytes -= size;
	free(give);
}

bool group_copy(struct groups *g, struct bytes from, struct bytes *ret)
{
	uint8_t *copy = from.size > 0 ? group_take(g, from.size) : NULL;
	if (from.size > 0 && !copy)
		return false;
	if (copy)
		memcpy(copy, from.data, from.size);
	*ret = (struct bytes){copy, from.size};
	return true;
}

void group_forget(struct groups *g, struct bytes *give)
{
	group_give(g, (void *)(uintptr_t)give->data, give->size);
	*give = (struct bytes){0};
}
