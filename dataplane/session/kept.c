/* kept.c - records in that have to wait, the same out when it is their turn; see kept.h. */
#include "dataplane/session/kept.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

/* One record, and where its value lies. */
struct kept_record {
	struct list node;
	struct session *session;
	uint8_t *value;
	uint64_t name;
	uint32_t value_bytes;
	uint8_t key_bytes;
	bool has_key;
	bool has_more;
	uint8_t key[RECORD_KEY_BYTES_MAX];
};

static const size_t records_bytes = KEPT_MAX * sizeof(struct kept_record);
static const size_t values_bytes = (size_t)KEPT_MAX * KEPT_BYTES;

int kept_init(struct kept_records *k)
{
	list_init(&k->free);
	list_init(&k->waiting);
	list_init(&k->left);
	k->records = map_take(records_bytes);
	k->values = map_take(values_bytes);
	if (!k->records || !k->values)
		return -ENOMEM;
	for (unsigned i = 0; i < KEPT_MAX; i++) {
		k->records[i].value = k->values + (size_t)i * KEPT_BYTES;
		list_append(&k->free, &k->records[i].node);
	}
	return 0;
}

void kept_fini(struct kept_records *k)
{
	map_give(k->records, records_bytes);
	map_give(k->values, values_bytes);
}

/* The values are copied, for the frame lies in packets that go back when the turn ends. */
bool kept_add(struct kept_records *k, const struct frame *f)
{
	struct session *s = f->session;
	if (f->is_gathered)
		return false;
	require(!s->has_kept && f->value.size <= KEPT_BYTES && f->key.size <= RECORD_KEY_BYTES_MAX);
	struct list *node = list_take_first(&k->free);
	if (!node)
		return false;
	struct kept_record *r = list_entry(node, struct kept_record, node);
	r->session = s;
	r->name = f->name;
	r->has_more = f->has_more;
	r->value_bytes = (uint32_t)f->value.size;
	r->key_bytes = (uint8_t)f->key.size;
	r->has_key = f->key.data != NULL;
	memcpy(r->value, f->value.data, f->value.size);
	if (r->has_key)
		memcpy(r->key, f->key.data, f->key.size);
	list_append(&k->waiting, node);
	s->has_kept = true;
	return true;
}

/* Its session is among the first in its line, and so is the record among the oldest: the search is
 * short, and KEPT_MAX long at most. */
static struct kept_record *kept_find(struct kept_records *k, const struct session *s)
{
	list_for_each(node, &k->waiting)
	{
		struct kept_record *r = list_entry(node, struct kept_record, node);
		if (r->session == s)
			return r;
	}
	require(!"a session that has a record has it here");
	return NULL;
}

/* It consumes nothing: its frame's bytes were consumed when the record was kept. */
void kept_push(struct kept_records *k, struct session *s, struct frame_vec *frames)
{
	const struct kept_record *r = kept_find(k, s);
	struct frame *f = &frames->frames[frames->count++];
	*f = (struct frame){
		.session = s,
		.value = {r->value, r->value_bytes},
		.key = {r->has_key ? r->key : NULL, r->key_bytes},
		.kind = FRAME_RECORD,
		.has_more = r->has_more,
		.name = r->name,
	};
}

void kept_give(struct kept_records *k, struct session *s)
{
	struct kept_record *r = kept_find(k, s);
	list_remove(&r->node);
	list_append(&k->left, &r->node);
	s->has_kept = false;
}
