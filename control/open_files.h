/* open_files.h - how many files the process has open. Core: control. */
#ifndef PENSTOCK_OPEN_FILES_H
#define PENSTOCK_OPEN_FILES_H

/* A few more than there are, never fewer. */
unsigned open_files(void);

#endif
