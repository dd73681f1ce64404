#pragma once

#include "scanner/domain/domain_source.h"
#include "scanner/domain/list_sample.h"
#include "scanner/pipeline/scan_params.h"

/**
 * A look at the lists before anything is asked, made or written for them: is there something to read in each? Of a pipe that
 * shows only when it is read.
 */

#define INPUT_WITHOUT_DOMAIN "has no line with a domain"

/** What is told of a list as it is read: one that is CSV, by which column. @return false: there is nothing to tell */
bool input_put_columns(const char *list, const struct domain_source *source, struct buf *line);
/** There are domains in other columns. @return false: there are none, or it was said which are meant */
bool input_put_others(const char *list, const struct domain_source *source, struct buf *line);
/** Some are mail addresses, and what was told of columns does not say so. @return false: none is */
bool input_put_mails(const char *list, const struct domain_source *source,
                     const struct list_sample *sample, struct buf *line);
/** Most lines are no domains, or repeat one. @return false: they do not */
bool input_put_warning(const char *list, const struct list_sample *sample, struct buf *line);

/** @return false with one line in `why`: one cannot be read, is no text, or has no line, no such column, or
 * no domain in its first lines */
bool input_look(const struct scan_params *p, struct buf *why);

enum input_rehearsal {
    INPUT_TAKEN,
    INPUT_REFUSED, /* of what the user gave */
    INPUT_FAILED,
};

/**
 * For a scan that is not begun: what it would say of its lists, and whether it would take them. Files are read to their end, as there; of
 * standard input the first lines, unless somebody types them; of a FIFO with a name nothing, as its writer waits for the scan.
 * @return with one line in `why` unless taken
 */
enum input_rehearsal input_rehearse(const struct scan_params *p,
                                    void (*say)(void *arg, const char *line), void *arg,
                                    struct buf *why);
