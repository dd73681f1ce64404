#pragma once

#include "scanner/cli/options.h"

/** What was meant by a word that is not known. */

void option_put_unknown_command(struct buf *why, const char *word);
/** Where no command knows `--name`: the option of this one that it is like. */
void option_put_similar(struct buf *why, enum command c, const char *word);
/** Names the commands that know `--name` where this one does not. */
void option_put_owners(struct buf *why, enum command c, const char *word);
