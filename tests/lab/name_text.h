#pragma once

#include "tests/lab/service.h"

/** Writes a host name; stops the program when it does not fit: the lab makes its names itself. */
void name_putf(char out[LAB_NAME_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
