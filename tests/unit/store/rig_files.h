/* rig_files.h - files of a test: temporary directories, whole files in and out. */
#ifndef PENSTOCK_TESTS_RIG_FILES_H
#define PENSTOCK_TESTS_RIG_FILES_H

#include "dataplane/base/base.h"

void rig_directory_make(char *out, size_t size);
void rig_directory_remove(const char *path);
/* Whole file, to be freed; null when there is none. */
uint8_t *rig_file_load(const char *path, size_t *ret_size);
void rig_file_store(const char *path, const void *data, size_t size);

#endif
