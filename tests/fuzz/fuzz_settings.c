/* fuzz_settings.c - any bytes as a properties file, to the end of a start: settings made of it, or
 * errors said. */
#include "config/settings.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file of these bytes, by a path. */
static int file_of(struct bytes b, char *path, size_t path_size)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	require(fd >= 0 && write(fd, b.data, b.size) == (ssize_t)b.size);
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

/* Texts end where their room does. */
static void check(const struct settings *s)
{
	require(s->listener_count <= LISTENERS_MAX);
	require(s->core_count <= POLLERS_MAX + WRITERS_MAX + 1);
	for (unsigned i = 0; i < s->listener_count; i++) {
		require(memchr(s->listener[i].name, 0, sizeof s->listener[i].name));
		require(s->listener[i].protocol < PROTOCOLS);
		require(memchr(s->address[i].host, 0, sizeof s->address[i].host));
	}
	char path[SETTING_TEXT_BYTES];
	require(memchr(s->log_dirs, 0, sizeof s->log_dirs) && settings_log_dir(s, 0, path));
	require(*path && !strchr(path, ','));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings s;
	char path[64], *said = NULL;
	size_t said_size;
	int fd = file_of((struct bytes){data, size}, path, sizeof path);
	FILE *messages = open_memstream(&said, &said_size);
	require(messages);
	settings_init(&s);
	unsigned errors = settings_load(&s, path, messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	require(errors == 0 || said_size > 0);
	if (errors == 0)
		check(&s);
	free(said);
	close(fd);
	return 0;
}
