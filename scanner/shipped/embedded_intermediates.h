#pragma once

#include <stddef.h>

/* In the source that the build makes with embed.cmake; used by shipped_intermediates.c alone. */
extern const char embedded_intermediates_name[];
extern const unsigned char embedded_intermediates_pem[];
extern const size_t embedded_intermediates_len;
