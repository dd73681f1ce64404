#pragma once

#include "scanner/cli/options.h"

/**
 * The file of --config as words of the command line, each with the line that it came from: so that whoever refuses a value,
 * and however late, names file and line.
 */

/** Can the word "--name=value" be read? @return false with the reason */
typedef bool config_word_check(const struct options *o, char *word, struct buf *why);

/** Reads the file that `o` names, but for what the command line gave. @return false with one line in `why` */
bool config_words_read(struct config_words *c, const struct options *o, config_word_check *check,
                       struct buf *why);
/** The command line with the lines of the file in place of --config, in front of what was given. @param argv of the
 * command; the program stands in front of it */
void config_words_join(struct config_words *c, int argc, char **argv);
void config_words_deinit(struct config_words *c);

/** "FILE:LINE: " in front of a message that names an option, or is of a path, that came from the file. */
void config_words_put_origin(const struct options *o, struct buf *message);
/** The same where the message begins with the option. */
void config_words_put_origin_first(const struct options *o, struct buf *message);
