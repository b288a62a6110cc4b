/* kafka_change.c - requests in, jobs a few at a time, answers when they are over or late; see
 * kafka_change.h. */
#include "control/kafka/kafka_change.h"
#include "control/kafka/kafka_handlers.h"

#include "config/topic_name.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* Between two looks at the deadlines. */
	LOOK_MS = 50,
};

void kafka_changes_init(struct kafka_changes *s, struct registry *registry,
			struct parking *parking)
{
	*s = (struct kafka_changes){.registry = registry, .parking = parking};
	list_init(&s->running);
	list_init(&s->over);
}

static void change_free(struct kafka_change *c)
{
	list_remove(&c->node);
	c->changes->count--;
	c->changes->bytes -= c->charged;
	for (uint32_t i = 0; i < c->count; i++)
		free(c->items[i].result);
	free(c);
}

/* Requests that still wait for an answer are the parking's, which frees them. */
void kafka_changes_fini(struct kafka_changes *s)
{
	while (!list_is_empty(&s->over))
		change_free(list_entry(s->over.next, struct kafka_change, node));
	require(s->count == 0);
}

/* ---- a few items at a time --------------------------------------------------------------- */

static struct registry_result *result_new(struct kafka_change *c, uint32_t i)
{
	require(!c->items[i].result);
	struct registry_result *result = calloc(1, sizeof *result);
	require(result);
	c->items[i].result = result;
	return result;
}

bool kafka_change_refuse(struct kafka_change *c, uint32_t i, int16_t error, const char *format, ...)
{
	struct registry_result *result = result_new(c, i);
	va_list args;
	va_start(args, format);
	result->error = error;
	vsnprintf(result->message, sizeof result->message, format, args);
	va_end(args);
	return false;
}

/* Every item has been asked for, and told of. */
static bool is_over(const struct kafka_change *c)
{
	return c->at == c->count && c->jobs == 0;
}

/* Whoever has none may have one. */
static bool may_have_job(const struct kafka_change *c)
{
	return c->jobs == 0 ||
	       (c->jobs < c->kind->jobs_max && c->changes->jobs < CHANGE_JOBS_MAX);
}

/* Nothing, of what is refused or known already. */
static void ask(struct kafka_change *c, uint32_t i)
{
	if (c->items[i].is_repeated || c->items[i].result || !c->kind->ask(c, i))
		return;
	c->jobs++;
	c->changes->jobs++;
}

static void ask_next(struct kafka_change *c)
{
	while (c->at < c->count && may_have_job(c))
		ask(c, c->at++);
	if (!is_over(c))
		return;
	list_remove(&c->node);
	list_append(&c->changes->over, &c->node);
	if (!c->waiting)
		change_free(c);
}

static void job_done(void *owner, const struct registry_result *result)
{
	struct kafka_change_item *item = owner;
	struct kafka_change *c = item->change;
	struct registry_result *kept = result_new(c, (uint32_t)(item - c->items));
	*kept = *result;
	kept->topic = NULL; /* good for this turn only */
	c->jobs--;
	c->changes->jobs--;
	ask_next(c);
}

void kafka_change_job(struct kafka_change *c, uint32_t i, struct registry_request *request)
{
	c->items[i].change = c;
	request->done = job_done;
	request->owner = &c->items[i];
}

bool kafka_change_name(struct bytes name, char ret[TOPIC_NAME_BYTES_MAX + 1])
{
	if (!name.data || *topic_name_fault(name))
		return false;
	memcpy(ret, name.data, name.size);
	ret[name.size] = '\0';
	return true;
}

/* ---- items that are named twice ---------------------------------------------------------- */

struct named {
	struct kafka_change_key key;
	uint32_t i;
};

static int key_order(const struct named *a, const struct named *b)
{
	int order = (a->key.type > b->key.type) - (a->key.type < b->key.type);
	return order ? order : kafka_name_order(a->key.name, b->key.name);
}

static int by_key(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = key_order(a, b);
	return order ? order : (a->i > b->i) - (a->i < b->i);
}

/* Of those that are named more than once none is changed, as with Kafka, and the first stands
 * for all. */
static void refuse_repeated(struct kafka_change *c, struct named *names)
{
	for (uint32_t i = 0; i < c->count; i++)
		names[i] = (struct named){c->kind->key(c->request, i), i};
	qsort(names, c->count, sizeof *names, by_key);
	for (uint32_t i = 1; i < c->count; i++) {
		if (key_order(&names[i - 1], &names[i]) != 0)
			continue;
		c->items[names[i].i].is_repeated = true;
		if (!c->items[names[i - 1].i].is_repeated)
			kafka_change_refuse(c, names[i - 1].i, KAFKA_ERROR_INVALID_REQUEST,
					    "the request names this one more than once");
	}
}

/* ---- one request ------------------------------------------------------------------------ */

/* What it says of its items, decoded to the arena of the call. */
struct decoded {
	void *request;
	size_t bytes; /* of the struct and all that hangs on it */
	uint32_t count;
};

static bool decode(struct kafka_request *r, const struct kafka_change_kind *kind,
		   struct decoded *ret)
{
	const uint8_t *begin = r->arena.at;
	ret->request = kafka_request_take(r, 1, kind->request_bytes);
	if (!ret->request || !kafka_request_decode(r, kind->request, ret->request))
		return false;
	ret->bytes = (size_t)(r->arena.at - begin);
	int32_t count = kind->count(ret->request);
	ret->count = count > 0 ? (uint32_t)count : 0; /* null: none */
	return true;
}

/* One block: itself, its items, the bytes, and last what they are decoded to, since an arena is
 * as long as it turns out. Null: too many are under way, or there is no memory. */
static struct kafka_change *change_new(struct kafka_changes *s, const struct kafka_request *r,
				       const struct decoded *d)
{
	size_t head = round_up(sizeof(struct kafka_change), alignof(max_align_t));
	size_t items = d->count * sizeof(struct kafka_change_item);
	size_t bytes = round_up(r->bytes.size, alignof(max_align_t));
	size_t all = head + items + bytes + d->bytes;
	size_t charge = all + d->count * sizeof(struct registry_result);
	bool has_room = s->count < CHANGES_MAX && s->bytes + charge <= CHANGES_BYTES_MAX;
	struct kafka_change *c = has_room ? calloc(1, all) : NULL;
	if (!c)
		return NULL;
	static_assert(sizeof(struct kafka_change_item) % alignof(max_align_t) == 0,
		      "what follows the items is aligned");
	uint8_t *at = (uint8_t *)c + head;
	*c = (struct kafka_change){.changes = s, .charged = charge, .count = d->count,
				   .items = (struct kafka_change_item *)at,
				   .bytes = {at + items, r->bytes.size}};
	memcpy(at + items, r->bytes.data, r->bytes.size);
	list_append(&s->running, &c->node);
	s->count++;
	s->bytes += charge;
	return c;
}

/* The same decoding again, from the bytes that are kept to the room behind them. */
static void change_decode(struct kafka_change *c, const struct kafka_change_kind *kind,
			  size_t size)
{
	uint8_t *room = (uint8_t *)c->bytes.data +
			round_up(c->bytes.size, alignof(max_align_t));
	struct kafka_request again = {0};
	require(kafka_request_of_bytes(&again, c->bytes, kafka_arena_of(room, size)));
	void *request = kafka_request_take(&again, 1, kind->request_bytes);
	require(request && kafka_request_decode(&again, kind->request, request));
	c->request = request;
	c->kind = kind;
}

static enum kafka_outcome refuse_all(struct kafka_request *r, const struct kafka_change_kind *kind,
				     const struct decoded *d, int16_t error)
{
	struct kafka_change none = {
		.changes = r->changes, .kind = kind, .request = d->request, .count = d->count,
		.items = kafka_request_take(r, d->count, sizeof(struct kafka_change_item)),
		.unfinished = error};
	return none.items ? kind->answer(r, &none) : KAFKA_CLOSE;
}

/* A client of today waits for a while; an older one looks for the controller again. */
static enum kafka_outcome come_again(struct kafka_request *r, const struct kafka_change_kind *kind,
				     const struct decoded *d)
{
	bool knows = r->header.api_version >= kind->throttled_since;
	return refuse_all(r, kind, d, knows ? KAFKA_ERROR_THROTTLING_QUOTA_EXCEEDED
					    : KAFKA_ERROR_NOT_CONTROLLER);
}

static uint64_t wait_ns(int32_t timeout_ms)
{
	uint32_t wait_ms = timeout_ms > CHANGE_WAIT_MS_MIN ? (uint32_t)timeout_ms
							   : CHANGE_WAIT_MS_MIN;
	return min_u32(wait_ms, CHANGE_WAIT_MS_MAX) * NS_PER_MS;
}

enum kafka_outcome kafka_change(struct kafka_request *r, const struct kafka_change_kind *kind)
{
	struct kafka_changes *s = r->changes;
	struct decoded d;
	if (r->change)
		return kind->answer(r, r->change);
	if (!decode(r, kind, &d))
		return KAFKA_CLOSE;
	if (d.count > CHANGE_ITEMS_MAX)
		return refuse_all(r, kind, &d, KAFKA_ERROR_POLICY_VIOLATION);
	struct named *names = kafka_request_take(r, d.count, sizeof *names);
	if (!names)
		return KAFKA_CLOSE;
	struct kafka_change *c = change_new(s, r, &d);
	if (!c)
		return come_again(r, kind, &d);
	change_decode(c, kind, d.bytes);
	c->waiting = parking_take(s->parking, r->call, sizeof *c->waiting);
	if (!c->waiting) {
		change_free(c);
		return come_again(r, kind, &d);
	}
	c->waiting->request = c->bytes;
	c->waiting->change = c;
	c->unfinished = KAFKA_ERROR_REQUEST_TIMED_OUT;
	c->deadline_ns = clock_now_ns() + wait_ns(kind->timeout_ms(c->request));
	refuse_repeated(c, names);
	ask_next(c);
	return KAFKA_PARKED;
}

/* ---- answers ---------------------------------------------------------------------------- */

static struct kafka_waiting *next_late(struct kafka_changes *s, uint64_t now_ns)
{
	if (now_ns < s->look_at_ns)
		return NULL;
	list_for_each(node, &s->running) {
		struct kafka_change *c = list_entry(node, struct kafka_change, node);
		if (c->waiting && now_ns >= c->deadline_ns)
			return c->waiting;
	}
	s->look_at_ns = now_ns + LOOK_MS * NS_PER_MS;
	return NULL;
}

struct kafka_waiting *kafka_change_next(struct kafka_changes *s, uint64_t now_ns)
{
	if (!list_is_empty(&s->over))
		return list_entry(s->over.next, struct kafka_change, node)->waiting;
	return next_late(s, now_ns);
}

void kafka_change_answered(struct kafka_change *c)
{
	c->waiting = NULL;
	if (is_over(c))
		change_free(c);
}

int16_t kafka_change_error(const struct kafka_change *c, uint32_t i)
{
	return c->items[i].result ? c->items[i].result->error : c->unfinished;
}

static const char *why_unfinished(int16_t error)
{
	switch (error) {
	case KAFKA_ERROR_REQUEST_TIMED_OUT:
		return "it is not done yet, and goes on: look again later";
	case KAFKA_ERROR_POLICY_VIOLATION:
		return "the request names more than a gateway can hold";
	default:
		return "too many changes are under way: ask again later";
	}
}

struct bytes kafka_change_message(const struct kafka_change *c, uint32_t i)
{
	const struct registry_result *result = c->items[i].result;
	if (result && !result->error)
		return (struct bytes){0};
	const char *text = result ? result->message : why_unfinished(c->unfinished);
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

uint32_t kafka_change_answers(const struct kafka_change *c)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < c->count; i++)
		count += !c->items[i].is_repeated;
	return count;
}

int32_t kafka_change_throttle_ms(const struct kafka_change *c)
{
	return c->unfinished == KAFKA_ERROR_THROTTLING_QUOTA_EXCEEDED ? CHANGE_THROTTLE_MS : 0;
}
