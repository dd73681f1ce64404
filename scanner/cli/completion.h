#pragma once

#include "scanner/base/buf.h"

/**
 * The completion script of a shell, made from the option table: commands, their options, the words and files that
 * values are of, and the names that `explain` knows as codes.
 * @return false, with nothing added, if the shell is none of bash, zsh and fish
 */
bool completion_put(struct buf *b, const char *shell);
