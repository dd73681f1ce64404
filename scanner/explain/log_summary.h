#pragma once

#include "output/json_writer.h"
#include "scanner/explain/log_catalogue.h"
#include "scanner/explain/text_source.h"
#include "scanner/view/paper.h"

/** The lines of logs counted by entry of the catalogue. Its memory does not grow with the logs. */

#define LOG_HOSTS_MAX   16  /* counted by name, of each entry; the others together */
#define LOG_UNKNOWN_MAX 5   /* lines about TLS that no entry fits, as examples */
#define LOG_SHOWN_MAX   400 /* octets of a line that is shown */

struct log_summary;

struct log_summary *log_summary_new(const struct log_catalogue *c);
void log_summary_free(struct log_summary *s);

void log_summary_add_line(struct log_summary *s, struct span line);
/** All lines of a log. @return false with one line in `why`: it could not be read to its end; what was read counts */
bool log_summary_add(struct log_summary *s, struct text_source *source, struct buf *why);

void log_summary_put_text(const struct log_summary *s, struct buf *out, size_t width, bool color);
void log_summary_put_json(const struct log_summary *s, struct buf *out);

/** One line explained. @return false: no entry fits; nothing was written */
bool log_line_put_text(const struct log_catalogue *c, const char *line, struct buf *out,
                       size_t width, bool color);
/** Entries whose example has these words, where they are only part of a line. @return false: there is none */
bool log_phrase_put_text(const struct log_catalogue *c, const char *phrase, struct buf *out,
                         size_t width, bool color);
bool log_line_put_json(const struct log_catalogue *c, const char *line, struct buf *out);
