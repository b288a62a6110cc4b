/* rig_files.c - files of a test; see rig_files.h. */
#include "tests/unit/store/rig_files.h"
#include "dataplane/base/require.h"

#include <ftw.h>
#include <unistd.h>

void rig_directory_make(char *out, size_t size)
{
	/* Not /tmp where that is memory: the tests want O_DIRECT. */
	snprintf(out, size, "%s", "/var/tmp/penstock-test-XXXXXX");
	require(mkdtemp(out));
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	return remove(path);
}

void rig_directory_remove(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

uint8_t *rig_file_load(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	*ret_size = (size_t)ftell(f);
	rewind(f);
	uint8_t *data = malloc(*ret_size + 1);
	require(fread(data, 1, *ret_size, f) == *ret_size);
	fclose(f);
	return data;
}

void rig_file_store(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "wb");
	require(f);
	require(fwrite(data, 1, size, f) == size);
	require(fclose(f) == 0);
}
