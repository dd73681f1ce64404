#pragma once

/** A file without a name, in the folder that TMPDIR says, else in /tmp; in memory where neither can
 * be written to. It is gone when it is closed. @return a descriptor, -1: not even memory. */
int unlinked_file_open(void);
/** The same, but never in memory. @param folder set to where it is, or would have been
 * @return -1 and errno on failure */
int unlinked_file_open_on_disk(const char **folder);
/** Where that is: TMPDIR, else /tmp. */
const char *unlinked_file_folder(void);
