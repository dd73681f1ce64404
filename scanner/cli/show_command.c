#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/messages.h"
#include "scanner/cli/reports.h"
#include "scanner/cli/word_list.h"
#include "scanner/domain/domain_name.h"
#include "scanner/replay/stored_rows.h"

/*
 * The report of `check` on domains that were scanned already, from the rows of the scan.
 */

#define BATCH 500 /* domains whose rows are in memory at once */

struct showing {
    const struct options *o;
    const char *results;
    struct messages messages;
    struct view_setting setting;
    size_t shown;
    bool some_missing;
    bool told_incomplete;
};

static void show_say(struct showing *s, struct buf *line)
{
    messages_say(&s->messages, buf_span(line), 0);
    buf_deinit(line);
}

static void say_missing(struct showing *s, const struct stored_wish *w)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&line, "%s: no domain '%s'", s->results, w->name);
    if (w->nearest != NULL) {
        buf_putf(&line, "; did you mean %s?", w->nearest);
    }
    show_say(s, &line);
    s->some_missing = true;
}

static void say_incomplete(struct showing *s)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (!s->told_incomplete) {
        buf_putf(&line, "%s: incomplete: the scan did not come to its end, and more may be missing",
                 s->results);
        show_say(s, &line);
    }
    s->told_incomplete = true;
}

static const struct result_row *row_of_domain(const struct result_rows *rows, const char *name)
{
    const struct result_table *t = &rows->table[TABLE_DOMAINS];
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(facts_string_or(&t->row[i].facts, DOMAINS_DOMAIN, ""), name) == 0) {
            return &t->row[i];
        }
    }
    return NULL;
}

static void put_batch(struct showing *s, struct buf *out, const struct result_rows *rows,
                      const struct stored_wish *wish, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct result_row *row = row_of_domain(rows, wish[i].name);
        if (row != NULL) {
            s->shown += reports_put_one(out, rows, row, s->o, &s->setting, s->shown == 0);
        } else {
            say_missing(s, &wish[i]);
        }
    }
}

static enum exit_code show_batch(struct showing *s, struct stored_wish *wish, size_t count,
                                 struct buf *why)
{
    struct stored_rows stored;
    struct result_rows rows;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    enum exit_code code = EXIT_CODE_USAGE; /* also where what was named cannot be read */
    if (!stored_rows_of_domains(&stored, s->results, wish, count, why)) {
        stored_rows_deinit(&stored);
        return code;
    }
    if (!result_rows_read(&rows, buf_span(&stored.text))) {
        buf_putf(why, "%s: the rows cannot be read", s->results);
    } else {
        s->setting.incomplete = stored.incomplete;
        if (stored.incomplete) {
            say_incomplete(s);
        }
        put_batch(s, &out, &rows, wish, count);
        code = result_rows_have_fault(&rows, why)            ? EXIT_CODE_USAGE
               : print_text(&out, why) != EXIT_CODE_COMPLETE ? EXIT_CODE_ROWS_LOST
                                                             : EXIT_CODE_COMPLETE;
        result_rows_deinit(&rows);
    }
    buf_deinit(&out);
    stored_rows_deinit(&stored);
    return code;
}

/* In normal form, as the rows have them. */
static bool read_name(const char *word, struct stored_wish *wish, struct buf *why)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    const char *fault = domain_name_normalise(span_of(word), &name);
    if (fault != NULL) {
        buf_putf(why, "'%s' is not a domain name (%s)", word, fault);
        buf_deinit(&name);
        return false;
    }
    buf_put_char(&name, '\0');
    *wish = (struct stored_wish){.name = (const char *)name.at};
    return true;
}

static enum exit_code show_words(struct showing *s, const struct word_list *words, struct buf *why)
{
    enum exit_code code = EXIT_CODE_COMPLETE;
    struct stored_wish *wish = memory_new(BATCH, sizeof(*wish));
    for (size_t i = 0; i < words->count && code == EXIT_CODE_COMPLETE;) {
        size_t count = 0;
        for (; i < words->count && count < BATCH && code == EXIT_CODE_COMPLETE; i++) {
            bool read = read_name(words->words[i], &wish[count], why);
            count += read;
            code = read ? code : EXIT_CODE_USAGE;
        }
        if (code == EXIT_CODE_COMPLETE) {
            code = show_batch(s, wish, count, why);
        }
        for (size_t k = 0; k < count; k++) {
            free((void *)(uintptr_t)wish[k].name);
        }
        stored_wishes_deinit(wish, count);
    }
    free(wish);
    return code == EXIT_CODE_COMPLETE && s->some_missing ? EXIT_CODE_USAGE : code;
}

enum exit_code show_command(struct options *o, struct buf *why)
{
    struct showing s = {
        .o = o, .results = o->words[0], .setting = {.tlsa = o->tlsa, .pem = o->pem}};
    struct word_list words;
    enum exit_code code = EXIT_CODE_USAGE;
    (void)messages_init(&s.messages, NULL);
    if (word_list_read(&words, o->words + 1, o->word_count - 1, why)) {
        code = show_words(&s, &words, why);
    }
    word_list_deinit(&words);
    return code;
}
