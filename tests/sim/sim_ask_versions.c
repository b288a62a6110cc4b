/* sim_ask_versions.c - ApiVersions and FindCoordinator as a client asks them, and the answers
 * that are always the same; see sim_asker.h. */
#include "tests/sim/sim_asker.h"

enum { VERSION_KNOWN_MAX = 4, VERSIONS_BEYOND = 3, NAMED_SINCE = 3 };

/* What the simulated clients speak. */
static const struct asker_api spoken[] = {{0, 0, 13}, {1, 4, 18}, {2, 1, 11},
					  {3, 0, 13}, {8, 2, 9},  {9, 1, 9},
					  {10, 0, 6}, {22, 0, 5}, {18, 0, 4}};

static void ask_versions(struct asker *a, struct question *q, struct emitter *e)
{
	if (q->version < NAMED_SINCE)
		return;
	q->has_bad_name = rng_one_in(&sim_world()->rng, 8);
	sim_put_string(e, q->has_bad_name ? "-sim" : "sim", true);
	sim_put_string(e, "1.0", true);
	sim_put_tags(e, true);
}

static bool is_same_api(const struct asker_api *x, const struct asker_api *y)
{
	return x->key == y->key && x->min == y->min && x->max == y->max;
}

static struct asker_api take_api(struct cursor *c, bool flexible)
{
	struct asker_api api = {.key = (int16_t)cursor_u16(c)};
	api.min = (int16_t)cursor_u16(c);
	api.max = (int16_t)cursor_u16(c);
	sim_skip_tags(c, flexible);
	return api;
}

/* Of a version that is not taken: the oldest layout, and this API's versions alone. */
static void check_unknown(const struct asker *a, struct cursor *c)
{
	int16_t error = (int16_t)cursor_u16(c);
	int64_t count = sim_get_count(c, false);
	struct asker_api api = take_api(c, false);
	if (error != KAFKA_UNSUPPORTED_VERSION || count != 1 ||
	    !is_same_api(&api, &spoken[array_len(spoken) - 1]))
		sim_fail("asker %u: ApiVersions of an unknown version: error %d, %lld APIs",
			 a->client.id, error, (long long)count);
}

/* All that the clients speak, and always the same. */
static void check_apis(struct asker *a, const struct asker_api *apis, int64_t count)
{
	if (!a->api_count)
		memcpy(a->apis, apis, (size_t)count * sizeof *apis);
	if (!a->api_count)
		a->api_count = count;
	unsigned found = 0;
	bool is_same = count == a->api_count;
	for (int64_t i = 0; i < count && is_same; i++) {
		is_same = is_same_api(&apis[i], &a->apis[i]);
		for (unsigned k = 0; k < array_len(spoken); k++)
			found += is_same_api(&apis[i], &spoken[k]);
	}
	if (!is_same || found != array_len(spoken))
		sim_fail("asker %u: ApiVersions names other APIs than before, or %u of ours",
			 a->client.id, found);
}

static void check_versions(struct asker *a, const struct question *q, struct cursor *c)
{
	if (q->version > VERSION_KNOWN_MAX) {
		check_unknown(a, c);
		return;
	}
	int16_t error = (int16_t)cursor_u16(c);
	int64_t count = sim_get_count(c, q->is_flexible);
	if (error != (q->has_bad_name ? KAFKA_INVALID_REQUEST : 0) || count > ASKER_APIS_MAX ||
	    (error && count))
		sim_fail("asker %u: ApiVersions: error %d, %lld APIs", a->client.id, error,
			 (long long)count);
	struct asker_api apis[ASKER_APIS_MAX];
	for (int64_t i = 0; i < count; i++)
		apis[i] = take_api(c, q->is_flexible);
	if (!error)
		check_apis(a, apis, count);
	if (q->version >= 1)
		cursor_u32(c);
	sim_skip_tags(c, q->is_flexible);
}

const struct question_kind ask_api_versions = {
	.api_key = 18,
	.version_max = VERSION_KNOWN_MAX + VERSIONS_BEYOND,
	.version_flexible = NAMED_SINCE,
	.has_plain_answer_header = true,
	.ask = ask_versions,
	.check = check_versions,
};

/* ---- FindCoordinator ------------------------------------------------------------------ */

enum { KEY_TYPE_SINCE = 1, KEYS_SINCE = 4, KEYS = 2, GROUP = 0 };

static const char *const coordinator_keys[KEYS] = {"vans", "lorries"};

static void ask_coordinator(struct asker *a, struct question *q, struct emitter *e)
{
	if (q->version < KEYS_SINCE)
		sim_put_string(e, coordinator_keys[0], q->is_flexible);
	if (q->version >= KEY_TYPE_SINCE) {
		q->key_type = (uint8_t)rng_below(&sim_world()->rng, 2);
		emit_u8(e, q->key_type);
	}
	if (q->version >= KEYS_SINCE) {
		sim_put_count(e, KEYS, true);
		for (unsigned i = 0; i < KEYS; i++)
			sim_put_string(e, coordinator_keys[i], true);
	}
	sim_put_tags(e, q->is_flexible);
}

/* Who coordinates a group, if there is a topic for it yet; nobody does transactions. */
struct found {
	int32_t node;
	struct bytes host;
	int32_t port;
	int16_t error;
};

static void check_found(struct asker *a, const struct question *q, const struct found *f)
{
	bool is_nobody = f->node == -1 && f->port == -1 && f->host.size == 0 &&
			 f->error == (q->key_type == GROUP ? KAFKA_COORDINATOR_NOT_AVAILABLE
							   : KAFKA_NO_TRANSACTIONS);
	bool is_us = q->key_type == GROUP && f->error == 0 && f->port == SIM_PORT_KAFKA &&
		     (a->node_id < 0 || f->node == a->node_id) &&
		     f->host.size == strlen(SIM_ADVERTISED_HOST);
	if (!is_nobody && !is_us)
		sim_fail("asker %u: a coordinator: node %d, port %d, error %d", a->client.id,
			 f->node, f->port, f->error);
}

static void check_listed(struct asker *a, const struct question *q, struct cursor *c,
			 const char *key)
{
	struct bytes name = sim_get_string(c, true);
	struct found f = {.node = (int32_t)cursor_u32(c)};
	f.host = sim_get_string(c, true);
	f.port = (int32_t)cursor_u32(c);
	f.error = (int16_t)cursor_u16(c);
	sim_get_string(c, true);
	sim_skip_tags(c, true);
	check_found(a, q, &f);
	if (c->bad || name.size != strlen(key) || memcmp(name.data, key, name.size))
		sim_fail("asker %u: FindCoordinator of another key", a->client.id);
}

static void check_coordinator(struct asker *a, const struct question *q, struct cursor *c)
{
	if (q->version >= 1)
		cursor_u32(c);
	if (q->version >= KEYS_SINCE) {
		if (sim_get_count(c, true) != KEYS)
			sim_fail("asker %u: FindCoordinator: other keys", a->client.id);
		for (unsigned i = 0; i < KEYS; i++)
			check_listed(a, q, c, coordinator_keys[i]);
		sim_skip_tags(c, true);
		return;
	}
	struct found f = {.error = (int16_t)cursor_u16(c)};
	if (q->version >= 1)
		sim_get_string(c, q->is_flexible);
	f.node = (int32_t)cursor_u32(c);
	f.host = sim_get_string(c, q->is_flexible);
	f.port = (int32_t)cursor_u32(c);
	sim_skip_tags(c, q->is_flexible);
	check_found(a, q, &f);
}

const struct question_kind ask_find_coordinator = {
	.api_key = 10,
	.version_max = 6,
	.version_flexible = 3,
	.ask = ask_coordinator,
	.check = check_coordinator,
};
