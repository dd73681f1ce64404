#pragma once

#include <stdbool.h>

/** Fills descriptors 0 to 2 where the caller left them closed, so that no file or socket of ours gets
 * their numbers and with them what is meant for the terminal. Reading and writing fail, as they
 * would on the closed ones. @return false: not possible. */
bool standard_files_hold(void);
