/* test_rpc_logdirs.c - logdir.list in front of a registry with two log directories. */
#include "control/rpc/rpc_logdirs.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>

static struct rig rig;
static struct rpc rpc;
static json_t *told;

static void begin(void)
{
	rig_init(&rig);
	rig.dir_count = 2;
	rig_run(&rig, "mkdir $PWD.second");
	cr_assert(rig_open(&rig), "%s", rig.message);
	rpc.options.registry = rig.registry;
	rig_create(&rig, "t", 3);
}

static void end(void)
{
	json_decref(told);
	rig_stop(&rig);
	rig_fini(&rig);
}

TestSuite(rpc_logdirs, .init = begin, .fini = end);

static json_t *list(unsigned number)
{
	struct rpc_call call = {.rpc = &rpc};
	rpc_logdir_list(&call);
	json_decref(told);
	told = call.result;
	cr_assert(json_array_size(json_object_get(told, "log_dirs")) == 2);
	return json_array_get(json_object_get(told, "log_dirs"), number);
}

static json_int_t number_at(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_true(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static bool has_text(json_t *object, const char *key, const char *expected)
{
	return strcmp(json_string_value(json_object_get(object, key)), expected) == 0;
}

Test(rpc_logdirs, each_is_listed_with_what_lies_there_and_what_is_left)
{
	for (unsigned i = 0; i < 2; i++) {
		json_t *d = list(i);
		cr_assert(has_text(d, "path", i ? rig.second : rig.directory));
		cr_assert(number_at(d, "partitions") == 2 - i);
		cr_assert(!is_true(d, "is_offline") && !is_true(d, "is_stuck"));
		cr_assert(number_at(d, "usable_bytes") > 0);
		cr_assert(number_at(d, "total_bytes") >= number_at(d, "usable_bytes"));
		cr_assert(number_at(d, "partition_fault_count") == 0);
	}
}

Test(rpc_logdirs, what_is_wrong_is_said_and_the_disk_is_left_alone)
{
	rig_run(&rig, "mv $PWD.second $PWD.away");
	rig_wait(&rig, 1);
	json_t *d = list(1);
	cr_assert(is_true(d, "is_offline") && !has_text(d, "fault", ""));
	cr_assert(number_at(d, "partition_fault_count") == 1);
	cr_assert(number_at(d, "total_bytes") == -1 && number_at(d, "usable_bytes") == -1);
	cr_assert(!is_true(list(0), "is_offline"));
	rig_run(&rig, "mkdir $PWD.second");
	cr_assert(number_at(list(1), "total_bytes") == -1, "it is another's by now");
	rig_run(&rig, "rm -r $PWD.away");
}
