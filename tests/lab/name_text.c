#include "tests/lab/name_text.h"

#include <stdarg.h>
#include <stdio.h>

#include "scanner/base/check.h"

void name_putf(char out[LAB_NAME_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out, LAB_NAME_MAX, format, args);
    va_end(args);
    CHECK(len >= 0 && len < LAB_NAME_MAX);
}
