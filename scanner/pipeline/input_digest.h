#pragma once

#include "scanner/report/manifest.h"

/** Which list it is: a scan goes on only with the same. Reads a file to its end; of what is no file, nothing.
 * @return false: errno */
bool input_digest(int fd, struct manifest_input *input);
