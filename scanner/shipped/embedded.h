#pragma once

#include <stddef.h>

/* In the sources that the build makes with embed.cmake; used by the files beside this one alone. */
extern const char embedded_intermediates_title[];
extern const unsigned char embedded_intermediates[];
extern const size_t embedded_intermediates_len;

extern const unsigned char embedded_shared_operators[];
extern const size_t embedded_shared_operators_len;

extern const unsigned char embedded_profiles[];
extern const size_t embedded_profiles_len;

extern const unsigned char embedded_report_style[];
extern const size_t embedded_report_style_len;

extern const unsigned char embedded_operators[];
extern const size_t embedded_operators_len;

extern const unsigned char embedded_log_patterns[];
extern const size_t embedded_log_patterns_len;
