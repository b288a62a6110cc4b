/* test_bench_writer.c - the benches' writer on the real disk, from its start to its stop. */
#include "perf/bench_writer.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>

Test(bench_writer, logs_are_opened_while_the_writer_writes)
{
	static struct bench_writer w;
	char root[64];
	rig_directory_make(root, sizeof root);
	cr_assert(bench_writer_start(&w, root, BENCH_PARTITIONS_MAX) == 0);
	cr_assert(w.partitions == BENCH_PARTITIONS_MAX);
	bench_writer_stop(&w);
	rig_directory_remove(root);
}

Test(bench_writer, a_directory_that_is_not_there_is_an_error)
{
	static struct bench_writer w;
	cr_assert(bench_writer_start(&w, "/tmp/penstock-no-such-directory", 1) < 0);
}
