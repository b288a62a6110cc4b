/* test_boot.c - the table of steps: forward, and back from where it failed. */
#include "control/boot.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static char trace[64];

static void note(void *context, char c)
{
	char **at = context;
	*(*at)++ = c;
}

static int up_a(void *context)
{
	note(context, 'a');
	return 0;
}

static void down_a(void *context)
{
	note(context, 'A');
}

static int up_b(void *context)
{
	note(context, 'b');
	return 0;
}

static int up_c(void *context)
{
	note(context, 'c');
	return 0;
}

static void down_c(void *context)
{
	note(context, 'C');
}

static int fail(void *context)
{
	note(context, '!');
	return -EIO;
}

static const struct boot_step steps[] = {
	{"a", up_a, down_a}, {"b", up_b, NULL}, {"c", up_c, down_c}, {"d", fail, down_a}};

Test(boot, steps_run_forward_and_are_unwound_backward)
{
	char *at = trace;
	cr_assert(boot_up(steps, 3, &at) == 0);
	boot_down(steps, 3, &at);
	cr_assert(strcmp(trace, "abcCA") == 0, "%s", trace);
}

Test(boot, a_failure_undoes_what_was_done_but_not_itself)
{
	char *at = trace;
	cr_assert(boot_up(steps, 4, &at) == -EIO);
	cr_assert(strcmp(trace, "abc!CA") == 0, "%s", trace);
}

static int fail_with_a_sentence(void *context)
{
	return BOOT_SAID;
}

/* What boot_up() says of a step that ends with `init`. */
static void hear(int (*init)(void *), char *out, size_t size)
{
	const struct boot_step step = {"port", init, NULL};
	char *at = trace;
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	cr_assert(file && dup2(fileno(file), STDERR_FILENO) >= 0);
	cr_assert(boot_up(&step, 1, &at) != 0);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	cr_assert(fgets(out, (int)size, file) != NULL);
	fclose(file);
}

Test(boot, a_cause_that_was_said_is_not_followed_by_another)
{
	char line[128];
	hear(fail, line, sizeof line);
	cr_assert(strcmp(line, "penstockd: start failed at port: Input/output error\n") == 0);
	hear(fail_with_a_sentence, line, sizeof line);
	cr_assert(strcmp(line, "penstockd: start failed at port\n") == 0, "%s", line);
}
