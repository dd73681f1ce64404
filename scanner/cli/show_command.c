#include <stdlib.h>
#include <unistd.h>

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

/* Of one shard: what is not here may be in the results of another. */
static void put_other_shards(const struct stored_rows *stored, struct buf *line)
{
    if (stored->shard.len > 0) {
        buf_put_text(line, "; this is ");
        buf_put(line, buf_span(&stored->shard));
    }
}

/* A column that does not hold what it should: where it stands, and what. */
static bool blame_row(const struct stored_rows *stored, const struct result_rows *rows,
                      struct buf *why)
{
    const struct result_row *row = result_rows_find_fault(rows);
    if (row != NULL) {
        buf_put_text(why, stored_rows_place(stored, (size_t)(row->line.at - stored->text.at)));
        buf_put(why, buf_span(&row->reading->why));
    }
    return row != NULL;
}

static void say_missing(struct showing *s, const struct stored_rows *stored,
                        const struct stored_wish *w)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&line, "%s: no domain '%s'", s->results, w->name);
    put_other_shards(stored, &line);
    if (w->nearest != NULL) {
        buf_putf(&line, "; did you mean %s?", w->nearest);
    }
    show_say(s, &line);
    s->some_missing = true;
}

static void take_incomplete(struct showing *s, const struct stored_rows *stored)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    s->setting.incomplete = stored->incomplete;
    s->setting.no_outcomes = stored->missing_outcomes != NULL;
    if (stored->incomplete && !s->told_incomplete) {
        buf_putf(&line, "%s: incomplete: the scan did not come to its end, and %s", s->results,
                 stored->missing_outcomes != NULL ? stored->missing_outcomes
                                                  : "more may be missing");
        show_say(s, &line);
    }
    s->told_incomplete = s->told_incomplete || stored->incomplete;
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

static void put_batch(struct showing *s, struct buf *out, const struct stored_rows *stored,
                      const struct result_rows *rows, const struct stored_wish *wish, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct result_row *row = row_of_domain(rows, wish[i].name);
        if (row != NULL) {
            s->shown += reports_put_one(out, rows, row, s->o, &s->setting, s->shown == 0);
        } else {
            say_missing(s, stored, &wish[i]);
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
    if (!stored_rows_of_domains(&stored, s->results, wish, count, s->o->json, why)) {
        stored_rows_deinit(&stored);
        return code;
    }
    if (!result_rows_read(&rows, buf_span(&stored.text))) {
        buf_putf(why, "%s: the rows cannot be read", s->results);
    } else {
        take_incomplete(s, &stored);
        put_batch(s, &out, &stored, &rows, wish, count);
        code = blame_row(&stored, &rows, why) ? EXIT_CODE_USAGE : print_text(&out, why);
        result_rows_deinit(&rows);
    }
    buf_deinit(&out);
    stored_rows_deinit(&stored);
    return code;
}

/* In normal form, as the rows have them. @return false, and a line about it: it has none */
static bool read_name(struct showing *s, const char *word, struct stored_wish *wish)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    const char *fault = domain_name_normalise(span_of(word), &name);
    if (fault != NULL) {
        struct buf line = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&line, "'%s' is not a domain name (%s)", word, fault);
        show_say(s, &line);
        buf_deinit(&name);
        s->some_missing = true;
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
        for (; i < words->count && count < BATCH; i++) {
            count += read_name(s, words->words[i], &wish[count]);
        }
        code = count > 0 ? show_batch(s, wish, count, why) : code;
        for (size_t k = 0; k < count; k++) {
            free((void *)(uintptr_t)wish[k].name);
        }
        stored_wishes_deinit(wish, count);
    }
    free(wish);
    return code == EXIT_CODE_COMPLETE && s->some_missing ? EXIT_CODE_USAGE : code;
}

/* --- a host, an address ------------------------------------------------------------------------- */

static void put_hosts_of(struct showing *s, struct buf *out, const struct result_rows *rows,
                         const struct stored_users *users)
{
    struct domain_view view;
    s->setting.users = (const char *const *)users->name;
    s->setting.user_count = users->count;
    s->setting.users_named = users->named;
    domain_view_init_hosts(&view, rows, s->o->show_address != NULL ? s->setting.subject : NULL,
                           &s->setting);
    (void)reports_put_view(out, &view, s->o, true);
    domain_view_deinit(&view);
}

static void put_cause(struct showing *s, struct buf *out, const struct result_rows *rows,
                      const struct stored_users *users)
{
    struct paper paper =
        paper_on(out, paper_terminal_width(STDOUT_FILENO), reports_want_color(s->o));
    const struct result_table *causes = &rows->table[TABLE_CAUSES];
    for (size_t i = 0; i < causes->count; i++) {
        if (s->o->json) {
            buf_put(out, causes->row[i].line);
            buf_put_char(out, '\n');
        } else {
            cause_put_text(&paper, &causes->row[i].facts, (const char *const *)users->name,
                           users->named, users->count);
        }
    }
    paper_deinit(&paper);
}

static enum exit_code show_hosts(struct showing *s, struct stored_wish *wish,
                                 const struct stored_rows *stored, const struct stored_users *users,
                                 struct buf *why)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    if (!wish->found) {
        buf_putf(why, "%s: no %s '%s'", s->results,
                 s->o->show_host != NULL    ? "MX host"
                 : s->o->show_cause != NULL ? "cause"
                                            : "address",
                 wish->name);
        put_other_shards(stored, why);
        if (wish->nearest != NULL) {
            buf_putf(why, "; did you mean %s?", wish->nearest);
        }
        return EXIT_CODE_USAGE;
    }
    if (!result_rows_read(&rows, buf_span(&stored->text))) {
        buf_putf(why, "%s: the rows cannot be read", s->results);
        return EXIT_CODE_USAGE;
    }
    take_incomplete(s, stored);
    if (s->o->show_cause != NULL) {
        put_cause(s, &out, &rows, users);
    } else {
        put_hosts_of(s, &out, &rows, users);
    }
    enum exit_code code = blame_row(stored, &rows, why) ? EXIT_CODE_USAGE : print_text(&out, why);
    result_rows_deinit(&rows);
    buf_deinit(&out);
    return code;
}

/* In the form that rows have. */
static bool read_subject(const struct options *o, struct buf *name, struct buf *why)
{
    struct net_addr address;
    char text[NET_ADDR_TEXT_MAX];
    if (o->show_address != NULL) {
        if (!net_addr_parse(span_of(o->show_address), &address)) {
            buf_putf(why, "--address '%s' is not an IPv4 or IPv6 address", o->show_address);
            return false;
        }
        (void)net_addr_format(&address, text);
        buf_put_text(name, text);
    } else if (o->show_cause != NULL) {
        buf_put_text(name, o->show_cause);
    } else if (!host_name_normalise(span_of(o->show_host), name, NULL)) {
        buf_putf(why, "--host '%s' is not a host name", o->show_host);
        return false;
    }
    buf_put_char(name, '\0');
    return true;
}

static enum exit_code show_subject(struct showing *s, struct buf *why)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct stored_rows stored;
    struct stored_users users;
    if (!read_subject(s->o, &name, why)) {
        buf_deinit(&name);
        return EXIT_CODE_USAGE;
    }
    struct stored_wish wish = {.name = (const char *)name.at};
    s->setting.subject = wish.name;
    bool read = s->o->show_host != NULL
                    ? stored_rows_of_host(&stored, s->results, &wish, &users, why)
                : s->o->show_cause != NULL
                    ? stored_rows_of_cause(&stored, s->results, &wish, &users, why)
                    : stored_rows_of_address(&stored, s->results, &wish, &users, why);
    enum exit_code code = read ? show_hosts(s, &wish, &stored, &users, why) : EXIT_CODE_USAGE;
    stored_rows_deinit(&stored);
    stored_users_deinit(&users);
    stored_wishes_deinit(&wish, 1);
    buf_deinit(&name);
    return code;
}

enum exit_code show_command(struct options *o, struct buf *why)
{
    struct showing s = {.o = o,
                        .results = o->words[0],
                        .setting = {.tlsa = o->tlsa, .pem = o->pem, .partner = o->partner}};
    struct word_list words;
    enum exit_code code = EXIT_CODE_USAGE;
    (void)messages_init(&s.messages, NULL);
    if (o->show_host != NULL || o->show_address != NULL || o->show_cause != NULL) {
        return show_subject(&s, why);
    }
    if (word_list_read(&words, o->words + 1, o->word_count - 1, why)) {
        code = show_words(&s, &words, why);
    }
    word_list_deinit(&words);
    return code;
}
